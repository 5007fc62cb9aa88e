import { addressOf } from './server-urls';

/**
 * The servers that may be dialled: those of the options, and those that the cluster announces at present. A server that the
 * cluster no longer announces is forgotten, because something else may listen on its address by now.
 */
export class ServerList {
  readonly given: readonly string[];
  /** In the order in which they are tried; a server that failed moves to the end. */
  #servers: readonly string[];
  /** The name of the cluster that announced servers. */
  #cluster: string | undefined;

  constructor(given: readonly string[], isShuffled: boolean) {
    this.given = given;
    this.#servers = isShuffled ? shuffled(given) : given;
  }

  get inOrder(): readonly string[] {
    return this.#servers;
  }

  /** Moves a server whose connection was lost or refused to the end of the list. */
  putLast(server: string): void {
    if (this.#servers.includes(server)) this.#servers = [...this.#without(server), server];
  }

  /**
   * Takes what the cluster announces, in place of what it announced before.
   *
   * @param current The connected server. It stays, because servers need not announce themselves.
   */
  announced(urls: readonly string[], cluster: string | undefined, current: string): void {
    this.#cluster = cluster;
    const present = new Set(urls.map(endpointOf));
    const kept = this.#servers.filter(
      (server) => this.isGiven(server) || server === current || present.has(endpointOf(server)),
    );
    const known = new Set(kept.map(endpointOf));
    this.#servers = [...kept, ...urls.filter((url) => !known.has(endpointOf(url)))];
  }

  /**
   * Whether a server that greets as a member of `cluster` may be used. Race: an announced server was stopped while this node had no
   * connection, and a server of another cluster listens there now. It is forgotten.
   */
  accepts(server: string, cluster: string | undefined): boolean {
    if (this.isGiven(server) || cluster === this.#cluster) return true;
    this.#servers = this.#without(server);
    return false;
  }

  /** Whether a server is one of the options. */
  isGiven(server: string): boolean {
    return this.given.includes(server);
  }

  #without(server: string): readonly string[] {
    return this.#servers.filter((other) => other !== server);
  }
}

function shuffled<T>(items: readonly T[]): T[] {
  const drawn = items.map((item) => ({ item, lot: Math.random() }));
  return drawn.toSorted((a, b) => a.lot - b.lot).map(({ item }) => item);
}

/** The host and port by which two URLs of one server are recognised. */
function endpointOf(url: string): string {
  const address = addressOf(url);
  return address === undefined ? url : `${address.host}:${address.port}`;
}
