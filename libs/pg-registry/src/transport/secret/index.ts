/**
 * transport/secret/ signs every message of a transport with a secret that all nodes of a cluster share, for brokers that cannot tell
 * the nodes' users apart. `withSharedSecret` puts itself around any transport; neither that transport nor the protocol knows of it.
 *
 * - `shared-secret` checks the option and holds the keys;
 * - `message-mac` computes the MAC of a message, and `signed-message` is the form in which both travel;
 * - `replay-window` remembers which messages have come;
 * - `signed-transport` signs what leaves and refuses what it cannot verify.
 *
 * It promises that a message reaches its receiver only if a holder of the secret sent it, on that subject, at most once. It does not hide
 * what is in a message, and it cannot prove what the broker says itself: that nobody is subscribed, or that a connection has closed.
 *
 * May import: term, names/lease-store.ts, transport, node:crypto.
 */
export type { SharedSecretOptions } from './shared-secret';
export { withSharedSecret } from './signed-transport';
