import core from '@nestjs/core/package.json';

test('the jest project `nest12` runs against Nest 12', () => {
  expect(core.version).toMatch(/^12\./);
});
