const HOST_IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * The bytes of a typed array in the order in which they travel, or the reverse of that: the same bytes on a
 * little-endian host, a copy with each element turned round on a big-endian one.
 */
export function wireOrder(
  bytes: Uint8Array,
  elementBytes: number,
  hostIsLittleEndian = HOST_IS_LITTLE_ENDIAN,
): Uint8Array {
  if (hostIsLittleEndian || elementBytes === 1) return bytes;
  const turned = bytes.slice();
  for (let i = 0; i < turned.length; i += elementBytes) turned.subarray(i, i + elementBytes).reverse();
  return turned;
}
