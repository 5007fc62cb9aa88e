import { chooseAreas } from './areas';

describe('the areas of a comparison', () => {
  it('are those that both sides have and whose names begin as asked for, in the order of this side', () => {
    expect(chooseAreas(['reads', 'writes', 'replication'], ['replication', 'reads'], 're')).toEqual({
      both: ['reads', 'replication'],
      onlyHere: [],
      onlyThere: [],
    });
  });

  it('leave out what only one side has, and name it', () => {
    expect(chooseAreas(['reads', 'peers'], ['reads', 'calls'], '')).toEqual({
      both: ['reads'],
      onlyHere: ['peers'],
      onlyThere: ['calls'],
    });
  });

  it('are refused if there is none, with those that there are', () => {
    expect(() => chooseAreas(['reads', 'new'], ['reads', 'old'], 'raeds')).toThrow(
      "No area begins with 'raeds'. Both sides have: reads.",
    );
    expect(() => chooseAreas(['reads', 'new'], ['reads', 'old'], 'new')).toThrow(
      'There is nothing to compare: only one side has new. Both sides have: reads.',
    );
  });
});
