import { catchError, firstValueFrom, lastValueFrom, of, take, timeout, toArray } from 'rxjs';
import { eventually } from '../../support/eventually';
import { NatsServer } from '../../support/nats-server';
import { type Instance, nats, registry } from './carriers';
import { Ledger, Order, ShopModule } from './shop';

describe.each([nats, registry])('the shop on $name', (carrier) => {
  let server: NatsServer;
  let shops: readonly Instance[];
  let customer: Instance;

  beforeAll(async () => {
    server = await NatsServer.start();
    shops = await Promise.all(
      ['shop1', 'shop2'].map((node) => carrier.start(server.url, node, [ShopModule])),
    );
    customer = await carrier.start(server.url, 'customer', []);
    await customer.client.connect();
  });
  afterAll(async () => {
    customer.client.close();
    await Promise.all([...shops, customer].map(({ app }) => app.close()));
    await server[Symbol.asyncDispose]();
  });

  const ask = (pattern: unknown, data: unknown): Promise<unknown> =>
    firstValueFrom(customer.client.send(pattern, data));
  const all = (pattern: unknown, data: unknown): Promise<unknown[]> =>
    firstValueFrom(customer.client.send<unknown>(pattern, data).pipe(toArray()));
  const ledgers = (): readonly Ledger[] => shops.map(({ app }) => app.get(Ledger));
  const following = (): number => ledgers().reduce((sum, ledger) => sum + ledger.following, 0);

  it('a message handler answers a string pattern and takes and returns class instances', async () => {
    const order = new Order('Ada', [{ name: 'book', amount: 2 }]);
    await expect(ask('orders.place', order)).resolves.toEqual({
      customer: 'Ada',
      items: [
        { name: 'book', amount: 2 },
        { name: 'gift', amount: 1 },
      ],
      number: 1,
    });
    expect(order.size).toBe(1);
  });

  it('a message handler answers an object pattern, whatever the order of its properties', async () => {
    await expect(ask({ currency: 'EUR', cmd: 'price' }, [1, 2, 3])).resolves.toBe(6);
  });

  it('pipes and guards run before a message handler', async () => {
    await expect(ask('customers.name', '  Ada ')).resolves.toBe('Ada');
    await expect(ask('orders.secret', '')).rejects.toEqual({
      status: 'error',
      message: 'Forbidden resource',
    });
  });

  it('a request completes without a value if the handler returns nothing', async () => {
    await expect(all('orders.forget', '')).resolves.toEqual([]);
  });

  it.each([0, 1, 2, 1000])('a stream of %d values arrives in order and completes', async (count) => {
    await expect(all('orders.history', count)).resolves.toEqual(
      Array.from({ length: count }, (_, number) => ({ number })),
    );
  });

  it('each value of a stream arrives when it is emitted, until the subscriber has enough', async () => {
    const statuses = lastValueFrom(customer.client.send('orders.follow', '').pipe(take(2), toArray()));
    await eventually(() => following() === 1);
    for (const ledger of ledgers()) ledger.statuses.next('packed');
    for (const ledger of ledgers()) ledger.statuses.next('sent');
    await expect(statuses).resolves.toEqual(['packed', 'sent']);
    if (carrier.cancelsAtOwner) await eventually(() => following() === 0);
  });

  it('a stream delivers nothing after its subscriber has unsubscribed', async () => {
    const before = following();
    const heard: unknown[] = [];
    const subscription = customer.client.send('orders.follow', '').subscribe((status) => heard.push(status));
    await eventually(() => following() === before + 1);
    subscription.unsubscribe();
    for (const ledger of ledgers()) ledger.statuses.next('too late');
    await ask('customers.name', 'round trip');
    expect(heard).toEqual([]);
    if (carrier.cancelsAtOwner) await eventually(() => following() === 0);
  });

  it('a request fails with the content of an RpcException, and without details of any other error', async () => {
    await expect(ask('orders.refund', 'too late')).rejects.toEqual({ status: 'error', message: 'too late' });
    await expect(ask('orders.refund', { code: 'LATE' })).rejects.toEqual({ code: 'LATE' });
    await expect(ask('orders.break', '')).rejects.toEqual({
      status: 'error',
      message: 'Internal server error',
    });
  });

  it('a stream delivers the values that come before its error', async () => {
    const told = customer.client.send<unknown>('orders.deliver', '').pipe(
      catchError((error: unknown) => of(error)),
      toArray(),
    );
    await expect(firstValueFrom(told)).resolves.toEqual(['packed', 'sent', { code: 'LOST' }]);
  });

  it('a request that nobody handles fails with its pattern', async () => {
    await expect(ask('orders.unknown', '')).rejects.toThrow('orders.unknown');
  });

  it('a subscriber can limit the time of a request', async () => {
    const answer = firstValueFrom(customer.client.send('orders.wait', '').pipe(timeout(50)));
    await expect(answer).rejects.toThrow('Timeout has occurred');
  });

  it('an event reaches every instance, in the order of emission', async () => {
    for (let i = 0; i < 5; i += 1) customer.client.emit('prices.changed', { book: i });
    const expected = [0, 1, 2, 3, 4].map((book) => ({ book }));
    await eventually(() => expect(ledgers().map(({ prices }) => prices)).toEqual([expected, expected]));
  });

  it('one instance of a queue group handles an event', async () => {
    for (let i = 0; i < 40; i += 1)
      await lastValueFrom(customer.client.emit({ job: 'mail' }, i), { defaultValue: 0 });
    const mails = (): number[] => ledgers().flatMap((ledger) => ledger.mails as number[]);
    await eventually(() => mails().length >= 40);
    await ask('customers.name', 'round trip');
    expect(mails().toSorted((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i));
    for (const ledger of ledgers()) expect(ledger.mails.length).toBeGreaterThan(0);
  });

  it('the status of a client is connected', async () => {
    await expect(firstValueFrom(customer.client.status)).resolves.toBe('connected');
    expect(customer.client.unwrap()).toBeDefined();
  });
});
