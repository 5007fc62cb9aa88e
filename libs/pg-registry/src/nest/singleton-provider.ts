import type { HandlerTable } from '../calls';
import type { Singleton, SingletonProcess } from '../names';
import type { ProcessService } from '../process';
import type { DecoratedProvider } from './decorated-provider';
import type { ClusterSingletonLifecycle } from './decorators/cluster-singleton.decorator';

/** Makes of a provider with `@ClusterSingleton` what can be elected: each of its terms is a process of its own, with the provider's handlers. */
export function singletonOf(
  { type, wrapper, election }: DecoratedProvider,
  handlers: HandlerTable,
  processes: ProcessService,
): Singleton {
  const instance: ClusterSingletonLifecycle = wrapper.instance as object;
  return {
    label: type.name,
    begin: (mayHandOut): SingletonProcess => {
      const serial = election?.serial === true;
      const mailbox = processes.mountClosed({ label: type.name, serial, mayHandOut });
      return {
        process: mailbox.process,
        elected: (claim) => mailbox.runStart(() => instance.onElected?.(claim)),
        open: () => mailbox.open(handlers),
        suspend: () => mailbox.suspend(),
        deposed: (reason) => mailbox.runStep(() => instance.onDeposed?.(reason)),
      };
    },
  };
}
