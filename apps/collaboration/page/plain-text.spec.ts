import * as Y from 'yjs';
import { removeForeignContent, showOnlyText } from './plain-text';

describe('removeForeignContent', () => {
  it('leaves text and formatting alone', () => {
    const text = new Y.Doc().getText('text');
    text.insert(0, 'bold', { bold: true });
    text.insert(4, ' and plain');
    removeForeignContent(text);
    expect(text.toJSON()).toBe('bold and plain');
  });

  it('removes embedded objects, so that positions are those of the text again', () => {
    const text = new Y.Doc().getText('text');
    text.insert(0, 'before after');
    text.insertEmbed(7, { image: 'x' });
    text.insertEmbed(7, new Y.Map());
    text.insertEmbed(0, { image: 'y' });
    expect(text).toHaveLength(15);
    removeForeignContent(text);
    expect(text).toHaveLength(12);
    expect(text.toJSON()).toBe('before after');
  });

  it('removes what somebody wrote there as an array', () => {
    const hostile = new Y.Doc();
    hostile.getArray('text').push([1, { two: 2 }, null, new Uint8Array(3)]);
    const doc = new Y.Doc();
    const text = doc.getText('text');
    text.insert(0, 'text');
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(hostile));
    expect(text).toHaveLength(8);
    removeForeignContent(text);
    expect(text).toHaveLength(4);
    expect(text.toJSON()).toBe('text');
  });

  it('ends with the same text on two pages that do it at once', () => {
    const [one, two] = [new Y.Doc(), new Y.Doc()];
    one.getText('text').insert(0, 'text');
    one.getText('text').insertEmbed(2, {});
    Y.applyUpdate(two, Y.encodeStateAsUpdate(one));
    for (const doc of [one, two]) removeForeignContent(doc.getText('text'));
    Y.applyUpdate(two, Y.encodeStateAsUpdate(one));
    Y.applyUpdate(one, Y.encodeStateAsUpdate(two));
    expect([one, two].map((doc) => doc.getText('text').toJSON())).toEqual(['text', 'text']);
  });
});

describe('showOnlyText', () => {
  it('puts one character in the place of each object that somebody embeds', () => {
    const text = new Y.Doc().getText('text');
    const seen: unknown[] = [];
    const foreignSeen = jest.fn();
    showOnlyText(text, foreignSeen);
    text.observe(({ delta }) => seen.push(delta));
    text.insert(0, 'text');
    expect(foreignSeen).not.toHaveBeenCalled();
    text.insertEmbed(2, { image: 'x' });
    text.insertEmbed(0, new Y.Map());
    expect(foreignSeen).toHaveBeenCalledTimes(2);
    expect(seen).toEqual([
      [{ insert: 'text' }],
      [{ retain: 2 }, { insert: '\ufffc' }],
      [{ insert: '\ufffc' }],
    ]);
  });
});
