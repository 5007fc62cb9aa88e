import type { LocalProcess } from '../lifetime';
import type { Registrar, Resolver, Via } from '../calls';
import { type Key, type Pid, UniqueKeysRequiredError } from '../term';
import type { NodeScopes } from './node-scopes';

/** Tells calls which processes a key has, and gives processes their names: from this node's scopes. */
export class ScopeResolver implements Resolver, Registrar {
  readonly #scopes: NodeScopes;

  constructor(scopes: NodeScopes) {
    this.#scopes = scopes;
  }

  members(scope: string, key: Key): readonly Pid[] {
    return this.#scopes.service(scope).members(key);
  }

  membersLocal(scope: string, key: Key): readonly Pid[] {
    return this.#scopes.service(scope).membersLocal(key);
  }

  requireUnique(scope: string): void {
    if (this.#scopes.service(scope).keysMode === 'unique') return;
    throw new UniqueKeysRequiredError(
      `A process can be started under a name of scope '${scope}' only if its keys are unique: start the scope with ` +
        `{ keys: 'unique' }, or start the process without 'via' and join it to the key.`,
      {},
    );
  }

  register({ scope, key, value }: Via, process: LocalProcess): void {
    this.#scopes.service(scope).join(key, process.pid, value);
  }
}
