import { Injectable } from '@nestjs/common';
import { throwError } from 'rxjs';
import { via } from '../../calls';
import { Applications } from '../application.fixture';
import { HandleCall } from '../decorators/handlers.decorator';
import { RegisterVia } from '../decorators/register-via.decorator';

const target = via('pg', 'k');

@Injectable()
@RegisterVia('pg', 'k')
class Worker {
  @HandleCall()
  arguments(...given: unknown[]): number {
    return given.length;
  }
  @HandleCall()
  throwing(): never {
    throw new RangeError('thrown');
  }
  @HandleCall()
  rejecting(): Promise<never> {
    return Promise.reject(new RangeError('rejected'));
  }
  @HandleCall()
  observed(): unknown {
    return throwError(() => new RangeError('observed'));
  }
}

describe('a method that has no guards, pipes, interceptors or filters', () => {
  let applications: Applications;
  beforeEach(() => (applications = new Applications()));
  afterEach(() => applications.closeAll());

  async function caller() {
    const { processes } = await applications.start({ providers: [Worker] });
    return (name: string): Promise<unknown> => processes.call(target, name, null);
  }

  it('a method without guards gets as many arguments as it would get from Nest', async () => {
    const call = await caller();
    expect(await call('arguments')).toBe(1);
  });

  it.each(['thrown', 'rejected', 'observed'])(
    'Nest logs the error of a method without guards: %s',
    async (message) => {
      const call = await caller();
      const name = { thrown: 'throwing', rejected: 'rejecting' }[message] ?? message;
      await expect(call(name)).rejects.toMatchObject({ remote: { name: 'RangeError' }, message });
      const line = { level: 'error', context: 'ExceptionsHandler', message: `RangeError: ${message}` };
      expect(applications.logger.lines).toContainEqual(line);
    },
  );
});
