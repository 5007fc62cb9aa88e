import { type CanActivate, Inject, Injectable, Module, Scope, UseGuards } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { collectUntil } from '../../../../test/support/garbage';
import { via } from '../calls';
import { InvalidArgumentError, UniqueKeysRequiredError } from '../term';
import { Applications } from './application.fixture';
import { HandleCall } from './decorators/handlers.decorator';

describe('ModuleProcessFactory', () => {
  let applications: Applications;
  beforeEach(() => (applications = new Applications()));
  afterEach(() => applications.closeAll());

  describe('refused process classes', () => {
    it.each([
      ['no module provides it', [], /Doc was not started: no module provides it.*TRANSIENT/],
      ['it is a singleton', [Injectable()], /Doc must be transient.*TRANSIENT/],
      ['it is request-scoped', [Injectable({ scope: Scope.REQUEST })], /Doc must be transient.*TRANSIENT/],
    ])('refuses a process class if %s, naming class and remedy', async (_, decorators, message) => {
      class Doc {}
      for (const decorate of decorators) decorate(Doc);
      const app = await applications.start({ providers: decorators.length > 0 ? [Doc] : [] });
      const attempt = app.processes.start(Doc);
      await expect(attempt).rejects.toThrow(InvalidArgumentError);
      await expect(attempt).rejects.toThrow(message);
      expect(app.node.stats().processes).toBe(1);
    });

    it('start() refuses a process class that several modules provide, unless a moduleRef chooses one', async () => {
      const NAME = Symbol('name');
      @Injectable({ scope: Scope.TRANSIENT })
      class Doc {
        constructor(@Inject(NAME) readonly module: string) {}
        @HandleCall()
        home(): string {
          return this.module;
        }
      }
      const provide = (name: string) => [Doc, { provide: NAME, useValue: name }];
      @Module({ providers: provide('one') })
      class One {}
      @Module({ providers: provide('two') })
      class Two {
        constructor(readonly moduleRef: ModuleRef) {}
      }
      const app = await applications.start({ imports: [One, Two] });
      await expect(app.processes.start(Doc)).rejects.toThrow(
        /Doc was not started: One, Two provide it.*moduleRef/,
      );
      const { moduleRef } = app.context.get(Two);
      const { pid } = await app.processes.start(Doc, { moduleRef });
      expect(await app.processes.call(pid, 'home')).toBe('two');
      const stranger = app.context.get(ModuleRef);
      await expect(app.processes.start(Doc, { moduleRef: stranger })).rejects.toThrow(/does not provide it/);
    });

    it('start() refuses to start a process class under a name in a scope of duplicate keys', async () => {
      @Injectable({ scope: Scope.TRANSIENT })
      class Doc {}
      const app = await applications.start({ providers: [Doc] });
      await expect(app.processes.start(Doc, { via: via('pg', 'a') })).rejects.toThrow(
        UniqueKeysRequiredError,
      );
      expect(app.node.stats().processes).toBe(1);
    });
  });

  it('an instance of a process class and its request-scoped dependencies are freed when its process has ended', async () => {
    const instances: WeakRef<object>[] = [];
    @Injectable({ scope: Scope.REQUEST })
    class Session {}
    @Injectable({ scope: Scope.REQUEST })
    class SessionGuard implements CanActivate {
      constructor(readonly session: Session) {}
      canActivate(): boolean {
        return true;
      }
    }
    @Injectable({ scope: Scope.TRANSIENT })
    class Doc {
      constructor(session: Session) {
        instances.push(new WeakRef(this), new WeakRef(session));
      }
      @HandleCall()
      @UseGuards(SessionGuard)
      read(): void {}
    }
    const app = await applications.start({ providers: [Session, Doc] });
    const startAndEnd = async () => (await app.processes.start(Doc)).exit();
    for (let i = 0; i < 10; i += 1) await startAndEnd();
    await app.context.close();
    expect(instances).toHaveLength(20);
    // Nest's injector remembers what it loaded last.
    const heldOfOthers = (): number =>
      instances.slice(0, -2).filter((instance) => instance.deref() !== undefined).length;
    await collectUntil(() => heldOfOthers() === 0);
    expect(heldOfOthers()).toBe(0);
  });
});
