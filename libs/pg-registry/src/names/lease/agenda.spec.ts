import { Agenda } from './agenda';

describe('Agenda', () => {
  test('steps run in the order of their moments, and those of one moment in the order of their planning', () => {
    const agenda = new Agenda();
    const ran: string[] = [];
    for (const [at, name] of [
      [5, 'c'],
      [1, 'a'],
      [5, 'd'],
      [3, 'b'],
      [9, 'later'],
    ] as const)
      agenda.add(at, () => ran.push(name));
    expect(agenda.next()).toBe(1);
    agenda.runDue(5);
    expect(ran).toEqual(['a', 'b', 'c', 'd']);
    expect(agenda.next()).toBe(9);
  });

  test('a cancelled step does not run, and is no deadline', () => {
    const agenda = new Agenda();
    const ran: string[] = [];
    const cancel = agenda.add(1, () => ran.push('cancelled'));
    agenda.add(2, () => ran.push('kept'));
    cancel();
    cancel();
    expect(agenda.next()).toBe(2);
    agenda.runDue(10);
    expect(ran).toEqual(['kept']);
    expect(agenda.next()).toBeUndefined();
  });

  test('what a step plans for the same moment runs, too', () => {
    const agenda = new Agenda();
    const ran: number[] = [];
    agenda.add(1, () => {
      ran.push(1);
      agenda.add(1, () => ran.push(2));
      agenda.add(2, () => ran.push(3));
    });
    agenda.runDue(1);
    expect(ran).toEqual([1, 2]);
  });
});
