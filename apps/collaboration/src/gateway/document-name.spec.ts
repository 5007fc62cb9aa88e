import { documentNameIn, DocumentNameError } from './document-name';

describe('the name of a document', () => {
  test.each([
    ['/collaboration/readme', 'readme'],
    ['/collaboration/notes/2026/a', 'notes/2026/a'],
    ['/collaboration/notes%2F2026?token=x', 'notes/2026'],
    [`/collaboration/${encodeURIComponent('Äpfel 🦉')}`, 'Äpfel 🦉'],
    ['/collaboration/A%CC%88', 'Ä'],
    [`/collaboration/${'x'.repeat(256)}`, 'x'.repeat(256)],
  ])('%s is %s', (url, name) => {
    expect(documentNameIn(url)).toBe(name);
  });

  test.each([
    ['nothing', '/collaboration/'],
    ['a dot', '/collaboration/.'],
    ['two dots', '/collaboration/%2E%2E'],
    ['a kilobyte', `/collaboration/${'x'.repeat(1024)}`],
    ['257 bytes in fewer characters', `/collaboration/${encodeURIComponent('ä'.repeat(129))}`],
    ['a control character', '/collaboration/a%00b'],
    ['a line break', '/collaboration/a%0Ab'],
    ['bytes that are no UTF-8', '/collaboration/%FF'],
    ['half a character', '/collaboration/%ED%A0%80'],
    ['a percent sign alone', '/collaboration/100%'],
  ])('%s is no name', (_what, url) => {
    expect(() => documentNameIn(url)).toThrow(DocumentNameError);
  });
});
