import { ServerList } from './server-list';

const GIVEN = ['nats://one:4222', 'two'];

describe('the list of servers', () => {
  const listAt = (urls: readonly string[]): ServerList => {
    const list = new ServerList(GIVEN, false);
    list.announced(urls, 'east', 'nats://one:4222');
    return list;
  };

  it('adds the servers that the cluster announces, once', () => {
    expect(listAt(['one:4222', '10.0.0.3:4222', 'two:4222']).inOrder).toEqual([...GIVEN, '10.0.0.3:4222']);
  });

  it('forgets a server that the cluster no longer announces, but none of the options and not the connected one', () => {
    const list = listAt(['10.0.0.3:4222', '10.0.0.4:4222']);
    list.announced([], 'east', '10.0.0.4:4222');
    expect(list.inOrder).toEqual([...GIVEN, '10.0.0.4:4222']);
  });

  it('forgets an announced server that turns out to belong to another cluster', () => {
    const list = listAt(['10.0.0.3:4222']);
    expect(list.accepts('10.0.0.3:4222', 'east')).toBe(true);
    expect(list.accepts('10.0.0.3:4222', undefined)).toBe(false);
    expect(list.inOrder).toEqual(GIVEN);
    expect(list.accepts('two', 'west')).toBe(true);
  });

  it('tries a server that failed after the others, and adds none that was forgotten', () => {
    const list = listAt([]);
    list.putLast('nats://one:4222');
    list.putLast('10.0.0.3:4222');
    expect(list.inOrder).toEqual(['two', 'nats://one:4222']);
  });
});
