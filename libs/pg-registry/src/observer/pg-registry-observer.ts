import { InvalidArgumentError } from '../term';
import type { Answers } from './answers';
import { ClusterFacts } from './cluster-facts';
import type { FactSource, QuestionSender } from './fact-source';
import { asJson } from './json-form';

/** What a {@link PgRegistryObserver} is given. */
export interface ObserverDeps {
  readonly node: string;
  /** Undefined: option `observer` of the node is false. */
  readonly answers: Answers | undefined;
  readonly sender: QuestionSender;
  /** The names of the other nodes that this one knows. */
  readonly peers: () => readonly string[];
  readonly wall: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/** Looks into the cluster that this node is part of. One per application; inject it by its type. */
export class PgRegistryObserver {
  readonly #deps: ObserverDeps;

  /** @internal Made by the node. */
  constructor(deps: ObserverDeps) {
    this.#deps = deps;
  }

  /**
   * Returns the facts about the cluster: what this node knows is read here, what another one knows is asked of it. Costs nothing until a
   * method is called.
   *
   * The facts contain keys and values of all scopes that any node runs, and their holder may use the actions of this node. Put a guard before
   * them.
   *
   * @param options.timeoutMs How long a node may take to answer. Default 2000.
   * @throws InvalidArgumentError if option `observer` of the node is false.
   */
  observe(options: { readonly timeoutMs?: number } = {}): ClusterFacts {
    const { node, answers, sender, peers, wall, sleep } = this.#deps;
    if (answers === undefined) {
      throw new InvalidArgumentError(
        `Option 'observer' of node '${node}' is false: nobody can look into it.`,
      );
    }
    const source: FactSource = {
      nodes: () => Promise.resolve([node, ...peers()]),
      ask: async (name, question, timeoutMs) => {
        if (name !== node) return await sender.ask(name, question, timeoutMs);
        const answer = await answers.answer(question, true);
        if ('error' in answer) return { type: 'refused', message: answer.message };
        // As from another node: only what JSON can say, and no object that somebody else holds.
        return { type: 'ok', json: asJson(answer.ok), ms: 0 };
      },
    };
    return new ClusterFacts(source, { ...options, wall, sleep });
  }
}
