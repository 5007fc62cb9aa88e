import { InvalidOptionError, MAX_NAME_BYTES } from '../term';
import { FRAME_KINDS, travelsOn } from './frame-kinds';

/**
 * The subjects of one node. Every token that comes from outside is encoded, because a client sends any subject as it is:
 * a dot would shift the tokens, a line break would inject a protocol line.
 *
 *     pgr.<ns>.from.<me>.<kind>                to everybody
 *     pgr.<ns>.from.<me>.<kind>.<scope>        to everybody who follows a scope
 *     pgr.<ns>.to.<node>.<kind>.<from>         to one node
 *     pgr.<ns>.reply.<asker>.<responder>.<t>   answers to a request
 *     pgr.<ns>.alive.<node>                    target of probes; no wildcard of ours captures it
 *     pgr.<ns>.names.<record>                  records of the lease store, which is no node
 *
 * Those who look into a node use three kinds that are no frames, see `observer/`: `ask` (to one node, or to everybody) and `act` (to one
 * node), answered to `reply.…`, or as `to.<asker>.answer.<node>` if everybody was asked.
 *
 * Which kinds of frames travel on which is in `frame-kinds.ts`.
 * The sender stands in a fixed place of every subject, so a server can enforce it: see {@link permissionsOf}.
 */

const PLAIN_TOKEN = /^[A-Za-z0-9_-]{1,64}$/;
const ENCODER = new TextEncoder();
/** Kinds whose subjects to everybody name a scope. */
const SCOPED_KINDS = new Set<string>(FRAME_KINDS.filter((kind) => travelsOn(kind, 'from-scope')));
/** Some 200 bytes each. */
const MOST_ROUTES = 4096;

/**
 * Encodes a name as one subject token: itself if it is `[A-Za-z0-9_-]{1,64}`, else `=` and the base64url of its UTF-8.
 *
 * @throws InvalidOptionError if the name is empty, longer than 128 bytes or holds a lone surrogate (two such names would share a token).
 */
export function encodeToken(name: string): string {
  if (PLAIN_TOKEN.test(name)) return name;
  if (name === '' || /\p{Surrogate}/u.test(name)) {
    throw new InvalidOptionError(
      `A name must be a non-empty, well-formed string, not ${JSON.stringify(name)}.`,
      {
        option: 'name',
      },
    );
  }
  const bytes = ENCODER.encode(name);
  if (bytes.length > MAX_NAME_BYTES) {
    const shown = JSON.stringify(name.slice(0, 40));
    throw new InvalidOptionError(
      `A name may have at most ${MAX_NAME_BYTES} bytes; ${shown}… has ${bytes.length}.`,
      {
        option: 'name',
      },
    );
  }
  return `=${Buffer.from(bytes).toString('base64url')}`;
}

/** Decodes a token; `undefined` if {@link encodeToken} cannot have produced it, so that no name has two tokens. */
export function decodeToken(token: string): string | undefined {
  if (PLAIN_TOKEN.test(token)) return token;
  if (!token.startsWith('=') || token.length > 1 + Math.ceil((MAX_NAME_BYTES * 4) / 3)) return undefined;
  const name = Buffer.from(token.slice(1), 'base64url').toString('utf8');
  try {
    return encodeToken(name) === token ? name : undefined;
  } catch {
    return undefined;
  }
}

/** A subject taken apart, names decoded. */
export type Route =
  | {
      readonly route: 'from';
      readonly from: string;
      readonly kind: string;
      readonly scope: string | undefined;
    }
  | { readonly route: 'to'; readonly to: string; readonly from: string; readonly kind: string }
  | { readonly route: 'reply'; readonly to: string; readonly from: string; readonly token: string }
  | { readonly route: 'alive'; readonly to: string };

type ReplyRoute = Extract<Route, { route: 'reply' }>;

/** Builds and parses the subjects of one node in one namespace. Tokens are encoded once. */
export class Subjects {
  readonly #root: string;
  readonly #me: string;
  /** What was parsed lately: peers use the same subjects all the time. */
  readonly #routes = new Map<string, Route>();
  /** The same for answers, each of which has a subject of its own: by all but the token. */
  readonly #replies = new Map<string, ReplyRoute>();

  /** @throws InvalidOptionError if either name cannot be encoded. */
  constructor(namespace: string, node: string) {
    this.#root = `pgr.${encodeToken(namespace)}`;
    this.#me = encodeToken(node);
  }

  /** Where this node broadcasts the operations of a scope. */
  ops(scope: string): string {
    return `${this.#root}.from.${this.#me}.ops.${encodeToken(scope)}`;
  }

  /** Where this node broadcasts announcements of a kind. */
  announce(kind: string): string {
    return `${this.#root}.from.${this.#me}.${kind}`;
  }

  /** Where this node sends frames of a kind to one node. */
  to(node: string, kind: string): string {
    return `${this.#root}.to.${encodeToken(node)}.${kind}.${this.#me}`;
  }

  /** The address on which `responder` may answer this node's request. */
  reply(responder: string, token: string): string {
    return `${this.#root}.reply.${this.#me}.${encodeToken(responder)}.${token}`;
  }

  /** Where `node` answers probes. */
  alive(node: string): string {
    return `${this.#root}.alive.${encodeToken(node)}`;
  }

  /** Wildcard: the operations of a scope, of every node. */
  everyOps(scope: string): string {
    return `${this.#root}.from.*.ops.${encodeToken(scope)}`;
  }

  /** Wildcard: announcements of a kind, of every node. */
  every(kind: string): string {
    return `${this.#root}.from.*.${kind}`;
  }

  /** Wildcard: frames of a kind to this node. */
  inbox(kind: string): string {
    return `${this.#root}.to.${this.#me}.${kind}.*`;
  }

  /** Wildcard: the answers to this node's requests. */
  replies(): string {
    return `${this.#root}.reply.${this.#me}.>`;
  }

  /**
   * Takes a subject apart; `undefined` if it is not one of this namespace. A subject that was seen before, or an answer from a node
   * that answered before, costs one look into a Map; any other is split.
   */
  parse(subject: string): Route | undefined {
    const known = this.#routes.get(subject);
    if (known !== undefined) return known;
    const beforeToken = subject.lastIndexOf('.');
    const [head, token] = [subject.slice(0, beforeToken), subject.slice(beforeToken + 1)];
    const reply = this.#replies.get(head);
    if (reply !== undefined) return { ...reply, token };
    const route = this.#parse(subject);
    if (route?.route === 'reply') remember(this.#replies, head, route);
    else if (route !== undefined) remember(this.#routes, subject, route);
    return route;
  }

  #parse(subject: string): Route | undefined {
    if (!subject.startsWith(this.#root) || subject[this.#root.length] !== '.') return undefined;
    const tokens = subject.slice(this.#root.length + 1).split('.');
    const [route, first = '', second = '', third = ''] = tokens;
    const name = decodeToken(first);
    if (name === undefined) return undefined;
    switch (route) {
      case 'from':
        return parseFrom(name, tokens);
      case 'to': {
        const from = decodeToken(third);
        return tokens.length === 4 && from !== undefined
          ? { route, to: name, from, kind: second }
          : undefined;
      }
      case 'reply': {
        const from = decodeToken(second);
        return tokens.length === 4 && from !== undefined
          ? { route, to: name, from, token: third }
          : undefined;
      }
      case 'alive':
        return tokens.length === 2 ? { route, to: name } : undefined;
      default:
        return undefined;
    }
  }
}

/** A peer can make up subjects, so what is kept is bounded. */
function remember<R extends Route>(routes: Map<string, R>, subject: string, route: R): void {
  if (routes.size >= MOST_ROUTES) routes.clear();
  routes.set(subject, route);
}

function parseFrom(from: string, tokens: readonly string[]): Route | undefined {
  const kind = tokens[2] ?? '';
  const isScoped = SCOPED_KINDS.has(kind);
  if (tokens.length === 3) return isScoped ? undefined : { route: 'from', from, kind, scope: undefined };
  if (tokens.length !== 4 || !isScoped) return undefined;
  const scope = decodeToken(tokens[3] ?? '');
  return scope === undefined ? undefined : { route: 'from', from, kind, scope };
}

/** Where a transport with subjects keeps the lease records of a namespace: below `pgr.<ns>.names`. */
export function leaseSubject(namespace: string): string {
  return `pgr.${encodeToken(namespace)}.names`;
}

/** The name of a namespace's lease store, if no option gives it another: `pgr_<ns>_names`. */
export function leaseBucket(namespace: string): string {
  return leaseSubject(namespace).replaceAll('.', '_');
}

/**
 * The token of the node that sent a message, by its subject; `''` if the subject names none, as those of probes do. Whether it is one of a
 * namespace, and whether the message really comes from there, is checked elsewhere.
 */
export function senderIn(subject: string): string {
  const tokens = subject.split('.');
  const at = tokens[2] === 'from' ? 3 : tokens[2] === 'to' ? 5 : tokens[2] === 'reply' ? 4 : Infinity;
  return tokens[at] ?? '';
}

/** The NATS permissions that a node needs, and no others. */
export interface Permissions {
  /** Where it may publish: in its own name only. */
  readonly publish: {
    /** Subjects, with NATS wildcards. */
    readonly allow: readonly string[];
    /** Those among them where it may not publish. Missing if there are none. */
    readonly deny?: readonly string[];
  };
  /** Where it may subscribe: to everybody's announcements and operations, and to what is sent to it. */
  readonly subscribe: {
    /** Subjects, with NATS wildcards. */
    readonly allow: readonly string[];
  };
}

/** Of each form of subjects: where a node may publish, and what it may hear. `me` is the node's token. */
const ALLOWED: Readonly<Record<Route['route'], (me: string) => { publish: string; subscribe: string }>> = {
  from: (me) => ({ publish: `from.${me}.>`, subscribe: 'from.>' }),
  to: (me) => ({ publish: `to.*.*.${me}`, subscribe: `to.${me}.*.*` }),
  alive: (me) => ({ publish: 'alive.*', subscribe: `alive.${me}` }),
  reply: (me) => ({ publish: `reply.*.${me}.*`, subscribe: `reply.${me}.>` }),
};

/** What a node may do beside what every node must. */
export interface PermissionsOptions {
  /** Whether it may end processes of other nodes (`ProcessService.exit`). Default true. */
  readonly exit?: boolean;
  /**
   * Whether it may use cluster names, and the name of their store if the node has option `names.bucket`. Default: it may. These permissions
   * are those of all nodes of the namespace: whoever has them can take any name.
   */
  readonly names?: boolean | NamesPermissions;
  /**
   * Whether it may answer tools that look for services: option `services` of `natsTransport`. It may then publish to every subject below
   * `_INBOX`, where clients of the account get their answers; a text is another beginning of subjects that the tools use, as
   * `nats --inbox-prefix` sets it. Default false.
   */
  readonly services?: boolean | string;
}

/** What a node may do with the store of cluster names. */
export interface NamesPermissions {
  /** The name of the store: the node's option `names.bucket`. */
  readonly bucket?: string | undefined;
  /**
   * Whether it may make the store if there is none. Whoever may make a stream can have the server send whatever he likes, on any subject of
   * the account. So give it to nobody whom all nodes need not trust, or make the store yourself. Default false.
   */
  readonly create?: boolean | undefined;
}

/** What cluster names need: the records, and requests of the JetStream API about one stream. */
function leasesAllowed(
  namespace: string,
  { bucket = leaseBucket(namespace), create = false }: NamesPermissions,
): { publish: readonly string[]; subscribe: readonly string[] } {
  const records = `${leaseSubject(namespace)}.*`;
  const actions = ['INFO', 'MSG.GET', ...(create ? ['CREATE'] : [])];
  const requests = actions.map((action) => `$JS.API.STREAM.${action}.${bucket}`);
  return { publish: [records, ...requests], subscribe: [records] };
}

/**
 * Returns the NATS permissions of a user who looks into a cluster without being one of its nodes, such as the command
 * `nestjs-pg-registry`. With them it can ask nodes what they know, values included, and do nothing else.
 *
 * @param name The name under which it asks: option `--name` of the command.
 * @param options.act Whether it may also ask nodes for what changes something, which each node must allow as well
 *   (`observer: { allow }`). Default false.
 */
export function observerPermissionsOf(
  namespace: string,
  name: string,
  options: { readonly act?: boolean } = {},
): Permissions {
  const root = `pgr.${encodeToken(namespace)}`;
  const me = encodeToken(name);
  return {
    publish: {
      allow: [
        `${root}.from.${me}.ask`,
        `${root}.to.*.ask.${me}`,
        ...(options.act === true ? [`${root}.to.*.act.${me}`] : []),
      ],
    },
    subscribe: { allow: [`${root}.reply.${me}.>`, `${root}.to.${me}.answer.*`] },
  };
}

/**
 * Returns the NATS permissions of the user as which node `node` connects. With them a subject authenticates both ends of a frame: no
 * node can send as another, receive another's answers, or answer in another's name.
 *
 */
export function permissionsOf(
  namespace: string,
  node: string,
  { exit = true, names = true, services = false }: PermissionsOptions = {},
): Permissions {
  const root = `pgr.${encodeToken(namespace)}`;
  const me = encodeToken(node);
  const allowed = Object.values(ALLOWED).map((of) => of(me));
  const leases = names === false ? undefined : leasesAllowed(namespace, names === true ? {} : names);
  const inboxes = services === true ? ['_INBOX.>'] : services === false ? [] : [`${services}.>`];
  const questions = services === false ? [] : ['$SRV.*', '$SRV.*.pg-registry', '$SRV.*.pg-registry.*'];
  return {
    publish: {
      allow: [...allowed.map(({ publish }) => `${root}.${publish}`), ...(leases?.publish ?? []), ...inboxes],
      ...(exit ? {} : { deny: [`${root}.to.*.exit.${me}`] }),
    },
    subscribe: {
      allow: [
        ...allowed.map(({ subscribe }) => `${root}.${subscribe}`),
        ...(leases?.subscribe ?? []),
        ...questions,
      ],
    },
  };
}
