import type { AttemptOutcome } from '../../libs/pg-registry/src/calls/call-attempt';
import type { LocalProcess } from '../../libs/pg-registry/src/lifetime';
import {
  CallTimeoutError,
  describeValue,
  MailboxFullError,
  NodeDownError,
  type Pid,
  ProcessExitedError,
  TransportError,
  type Value,
} from '../../libs/pg-registry/src/term';
import type { Link } from '../support/virtual-network/link';
import { Violation } from './invariants';
import { CALL_LIMITS } from './simulated-calls';
import type { SimulatedNode } from './simulated-node';

/** A call that one honest node makes to another. */
interface HonestCall {
  readonly id: number;
  readonly from: SimulatedNode;
  readonly to: SimulatedNode;
  readonly process: LocalProcess;
  readonly holdMs: number;
  readonly timeoutMs: number;
  readonly at: number;
  /** The callee's connection at that time. */
  readonly link: Link | undefined;
}

/** Makes calls and monitors between honest nodes, and checks that they end only for a reason of their own. */
export class CallChecks {
  /** Calls that ended with the answer of their process. */
  answered = 0;
  readonly #open = new Map<SimulatedNode, Set<HonestCall>>();
  readonly #watched = new Map<string, { readonly owner: SimulatedNode; readonly process: LocalProcess }>();
  /** The watches of each node whose end it was not told yet, by process. */
  readonly #waiting = new Map<SimulatedNode, Set<string>>();
  #lastId = 0;

  readonly #nodes: readonly SimulatedNode[];
  readonly #now: () => number;
  readonly #checking: (check: () => void) => void;

  constructor(nodes: readonly SimulatedNode[], now: () => number, checking: (check: () => void) => void) {
    this.#nodes = nodes;
    this.#now = now;
    this.#checking = checking;
  }

  /** A node calls a process of another one. */
  call(
    from: SimulatedNode,
    to: SimulatedNode,
    process: LocalProcess,
    { holdMs, timeoutMs }: { readonly holdMs: number; readonly timeoutMs: number },
  ): void {
    const id = (this.#lastId += 1);
    const call: HonestCall = {
      id,
      from,
      to,
      process,
      holdMs,
      timeoutMs,
      at: this.#now(),
      link: to.client.link,
    };
    let open = this.#open.get(from);
    if (open === undefined) this.#open.set(from, (open = new Set()));
    const calls = open.add(call);
    from.calls.call(from.pidOf(process.pid), [id, holdMs], timeoutMs, (outcome) => {
      const isOpen = calls.delete(call);
      this.#checking(() => {
        if (!isOpen) throw new Violation(13, `Call ${id} of ${from.name} to ${to.name} ended twice.`);
        this.#ended(call, outcome);
      });
    });
  }

  /** A node watches a process of another one. */
  watch(from: SimulatedNode, owner: SimulatedNode, process: LocalProcess): void {
    const name = nameOf(process.pid);
    this.#watched.set(name, { owner, process });
    let waiting = this.#waiting.get(from);
    if (waiting === undefined) this.#waiting.set(from, (waiting = new Set()));
    waiting.add(name); // first: it may be told at once
    from.calls.watch(from.pidOf(process.pid));
  }

  /** A node was told that a process has ended. @throws Violation */
  down(node: SimulatedNode, pid: Pid, reason: Value): void {
    const { owner, process } = this.#watched.get(nameOf(pid))!;
    this.#waiting.get(node)?.delete(nameOf(pid));
    if (!process.alive || owner.isHostile || this.#isLost(node, owner)) return;
    throw new Violation(
      13,
      `${node.name} was told that ${pid} has ended (${describeValue(reason)}), but it lives.`,
    );
  }

  /** A node's calls warn. @throws Violation */
  warned(node: SimulatedNode, reason: string, message: string): void {
    if (reason !== 'malformed-frame') return;
    if (this.#nodes.some((other) => other.isHostile && message.includes(`'${other.name}'`))) return;
    throw new Violation(9, `${node.name} warns: ${message}`);
  }

  /** Checks what other nodes make a node hold. @throws Violation */
  checkBounds(node: SimulatedNode): void {
    const { maxCallsPerPeer, maxCallBytesPerPeer, maxWatchesPerPeer } = CALL_LIMITS;
    const { loads, watches } = node.calls;
    for (const { messages, bytes } of loads) {
      // A single message is taken whatever its size.
      if (messages <= maxCallsPerPeer && (bytes <= maxCallBytesPerPeer || messages === 1)) continue;
      throw new Violation(5, `${node.name} holds ${messages} messages of one node, of ${bytes} bytes.`);
    }
    const watchBound = maxWatchesPerPeer * node.protocol.stats().peers;
    if (watches > watchBound)
      throw new Violation(5, `${node.name} holds ${watches} watches; the bound is ${watchBound}.`);
  }

  /** Checks that every call of a node has ended. @throws Violation */
  checkNoneOpen(node: SimulatedNode): void {
    const open = this.#open.get(node)?.size ?? 0;
    if (open > 0) throw new Violation(13, `${open} calls of ${node.name} have not ended`);
  }

  /** Checks that a node was told of everything that it watched and that has ended, or whose node is gone. @throws Violation */
  checkAllTold(node: SimulatedNode): void {
    for (const name of this.#waiting.get(node) ?? []) {
      const { owner, process } = this.#watched.get(name)!;
      if (process.alive && owner.isMember && node.protocol.peer(owner.incarnation) !== undefined) continue;
      throw new Violation(13, `${node.name} watches ${process.pid} and was never told that it is gone.`);
    }
  }

  #ended(call: HonestCall, outcome: AttemptOutcome): void {
    if (call.to.isHostile) return; // It answers as it likes.
    if (outcome.type === 'result') return this.#answered(call, outcome.value);
    const { from, to } = call;
    const { error } = outcome;
    if (this.#mayFail(call, error)) return;
    throw new Violation(13, `Call ${call.id} of ${from.name} to ${to.name} failed: ${String(error)}`);
  }

  #answered({ id, from, to, holdMs, at }: HonestCall, value: Value): void {
    this.answered += 1;
    const [answeredId] = Array.isArray(value) ? (value as readonly Value[]) : [];
    if (answeredId === id && this.#now() >= at + holdMs) return;
    throw new Violation(
      13,
      `Call ${id} of ${from.name} to ${to.name} ended after ${this.#now() - at} ms with ${JSON.stringify(value)}.`,
    );
  }

  #mayFail(call: HonestCall, error: unknown): boolean {
    const { from, to, process, at, timeoutMs } = call;
    if (error instanceof CallTimeoutError) return this.#now() >= at + timeoutMs;
    if (error instanceof ProcessExitedError) return !process.alive;
    // Nodes that are no peers share one bound, which a hostile one may have reached in many lives.
    if (error instanceof MailboxFullError) return to.protocol.peer(from.incarnation) === undefined;
    if (error instanceof NodeDownError || error instanceof TransportError) {
      return this.#isLost(from, to) || wasAway(call);
    }
    return false;
  }

  /** Whether a node may believe that another one is gone. */
  #isLost(node: SimulatedNode, other: SimulatedNode): boolean {
    return (
      !other.isMember ||
      !node.client.isConnected ||
      node.protocol.peer(other.incarnation) === undefined ||
      this.#nodes.some((rival) => rival !== other && rival.name === other.name)
    );
  }
}

/** Whether the callee may have had no connection, or none that its caller's server knew of. */
function wasAway({ from, to, link }: HonestCall): boolean {
  return link?.isReachable !== true || to.client.link !== link || from.client.link?.server !== link.server;
}

function nameOf({ incarnation, id }: Pid): string {
  return `${incarnation}.${id}`;
}
