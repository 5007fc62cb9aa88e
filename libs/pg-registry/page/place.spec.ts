import { linkTo, placeOf } from './place';

describe('the address of a screen', () => {
  it('says what is shown, whatever is in it', () => {
    const parameters = { scope: 'a&b=c#d?e', key: '["<b>", "ü"]' };
    expect(placeOf(linkTo('key', parameters))).toEqual({ screen: 'key', parameters });
  });

  it('leaves out what is empty, and is the cluster without one', () => {
    expect(linkTo('entries', { scope: 'pg', prefix: '', match: undefined })).toBe('#entries?scope=pg');
    expect(placeOf('')).toEqual({ screen: 'cluster', parameters: {} });
  });
});
