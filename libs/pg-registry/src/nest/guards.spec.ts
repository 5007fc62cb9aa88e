import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  Inject,
  Injectable,
  Scope,
  SetMetadata,
  type Type,
  UseGuards,
} from '@nestjs/common';
import { APP_GUARD, Reflector, REQUEST } from '@nestjs/core';
import { type CallContext, via } from '../calls';
import { Applications } from './application.fixture';
import { HandleCall } from './decorators/handlers.decorator';
import { RegisterVia } from './decorators/register-via.decorator';

const target = via('pg', 'k');
const denied = { code: 'REMOTE', remote: { name: 'ForbiddenException' }, message: 'Forbidden resource' };

/** What guards were shown. Each test begins with an empty list. */
let seen: unknown[] = [];

@Injectable()
class Policy {
  readonly allowed = 'admin';
}

/** Looks at the class, the method, the context and the kind of transport, and depends on another provider. */
@Injectable()
class RoleGuard implements CanActivate {
  readonly #policy: Policy;
  readonly #reflector: Reflector;

  constructor(policy: Policy, reflector: Reflector) {
    this.#policy = policy;
    this.#reflector = reflector;
  }
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToRpc().getContext<CallContext>();
    const free = this.#reflector.get<boolean | undefined>('free', context.getHandler()) ?? false;
    seen.push([
      context.getType(),
      context.getClass().name,
      context.getHandler().name,
      context.getArgs().length,
    ]);
    return free || headers.role === this.#policy.allowed;
  }
}

@UseGuards(RoleGuard)
class Guarded {
  @HandleCall()
  secret(): string {
    return 'secret';
  }
  @HandleCall()
  @SetMetadata('free', true)
  open(): string {
    return 'open';
  }
}

describe('guards', () => {
  let applications: Applications;
  beforeEach(() => {
    applications = new Applications();
    seen = [];
  });
  afterEach(() => applications.closeAll());

  /** One node that has the provider, another one that calls it. */
  async function callerOf(metadata: Parameters<Applications['start']>[0]) {
    await applications.start({ ...metadata, providers: [Policy, ...(metadata?.providers ?? [])] });
    const caller = await applications.start();
    await caller.seen('k', 1);
    return (name: string, payload?: unknown, headers: Record<string, string> = {}) =>
      caller.processes.call(target, name, payload, { headers });
  }

  describe('denied calls', () => {
    const decorated = (...decorators: ClassDecorator[]): Type => {
      class Vault extends Guarded {}
      for (const decorate of [RegisterVia('pg', 'k') as ClassDecorator, ...decorators]) decorate(Vault);
      return Vault;
    };

    it.each([
      ['a provider', () => ({ providers: [decorated(Injectable())] })],
      ['a controller', () => ({ controllers: [decorated(Controller())] })],
      [
        'a provider with another token',
        () => ({ providers: [{ provide: 'VAULT', useClass: decorated(Injectable()) }] }),
      ],
      ['a request-scoped provider', () => ({ providers: [decorated(Injectable({ scope: Scope.REQUEST }))] })],
      [
        'a request-scoped controller',
        () => ({ controllers: [decorated(Controller({ scope: Scope.REQUEST }))] }),
      ],
    ])('a guard of %s denies a call at the owner, and its error reaches the caller', async (_, metadata) => {
      const call = await callerOf(metadata());
      await expect(call('secret')).rejects.toMatchObject(denied);
      expect(await call('open')).toBe('open');
      expect(await call('secret', null, { role: 'admin' })).toBe('secret');
      expect(seen[0]).toEqual(['rpc', 'Vault', 'secret', 2]);
    });

    it('a guard that Nest would not run is an error at bootstrap', async () => {
      const Vault = decorated();
      const provider = { provide: 'VAULT', useFactory: () => new Vault() as object };
      await expect(applications.start({ providers: [Policy, provider] })).rejects.toThrow(
        /Vault.secret has the guard RoleGuard, which Nest would not run: Vault comes from a factory/,
      );
    });

    it('the life-cycle hooks of a guarded controller run once', async () => {
      let hooks = 0;
      @Controller()
      @RegisterVia('pg', 'k')
      class Vault extends Guarded {
        onModuleDestroy(): void {
          hooks += 1;
        }
      }
      const app = await applications.start({ providers: [Policy], controllers: [Vault] });
      await app.context.close();
      expect(hooks).toBe(1);
    });
  });

  it('global guards guard every handler', async () => {
    @Injectable()
    @RegisterVia('pg', 'k')
    class Worker {
      @HandleCall()
      enter(): string {
        return 'entered';
      }
    }
    const call = await callerOf({ providers: [Worker, { provide: APP_GUARD, useClass: RoleGuard }] });
    await expect(call('enter')).rejects.toMatchObject(denied);
    expect(await call('enter', null, { role: 'admin' })).toBe('entered');
    expect(seen[0]).toEqual(['rpc', 'Worker', 'enter', 2]);
  });

  it('global request-scoped guards run, with an instance for each call', async () => {
    let guards = 0;
    @Injectable({ scope: Scope.REQUEST })
    class PerCall implements CanActivate {
      readonly id = (guards += 1);
      readonly #request: { readonly payload: unknown };

      constructor(@Inject(REQUEST) request: { readonly payload: unknown }) {
        this.#request = request;
      }
      canActivate(): boolean {
        return this.#request.payload === 'let me in';
      }
    }
    @Injectable()
    @RegisterVia('pg', 'k')
    class Worker {
      @HandleCall()
      enter(): string {
        return 'entered';
      }
    }
    const call = await callerOf({ providers: [Worker, { provide: APP_GUARD, useClass: PerCall }] });
    await expect(call('enter')).rejects.toMatchObject(denied);
    expect(await call('enter', 'let me in')).toBe('entered');
    expect(guards).toBe(2);
  });

  it('transient guards run with their dependencies', async () => {
    @Injectable({ scope: Scope.TRANSIENT })
    class Fleeting implements CanActivate {
      readonly #policy: Policy;

      constructor(policy: Policy) {
        this.#policy = policy;
      }
      canActivate(context: ExecutionContext): boolean {
        return context.switchToRpc().getData<string>() === this.#policy.allowed;
      }
    }
    @Injectable()
    @RegisterVia('pg', 'k')
    @UseGuards(Fleeting)
    class Worker {
      @HandleCall()
      enter(): string {
        return 'entered';
      }
    }
    const call = await callerOf({ providers: [Worker] });
    await expect(call('enter')).rejects.toMatchObject(denied);
    expect(await call('enter', 'admin')).toBe('entered');
  });
});
