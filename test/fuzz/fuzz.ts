/**
 * `npm run fuzz -- --minutes N`: searches for input that crashes a node, costs too much, or reaches what belongs to others.
 */
import { relative } from 'node:path';
import { HELP, parseArguments, type FuzzArguments } from './arguments';
import { type Found, Fuzzer } from './engine/fuzzer';
import type { Input } from './engine/input';
import { readCorpus, readFinding, readFindings, writeCorpus, writeFinding } from './engine/storage';
import type { Target } from './engine/target';
import { TARGETS, targetsOf } from './targets';

const PROGRESS_MS = 1000;

// Most inputs end in an error. Making one costs more than running the input, if it must tell its whole stack in lines of the sources.
Reflect.deleteProperty(Error, 'prepareStackTrace');
Error.stackTraceLimit = 4;

/** Runs findings again: one file, or all. @returns How many still fail */
async function replay(fuzzer: Fuzzer, file: string): Promise<number> {
  const findings = file === 'all' ? readFindings() : [readFinding(file)];
  let failed = 0;
  for (const finding of findings) {
    const target = TARGETS.find(({ name }) => name === finding.target);
    const fault =
      target === undefined ? 'There is no such target.' : await fuzzer.replay(target, finding.input);
    if (fault === undefined) continue;
    failed += 1;
    console.log(`${relative(process.cwd(), finding.file)}\n  ${fault}`);
  }
  console.log(`${findings.length} findings run again, ${failed} failed.`);
  return failed;
}

function inputsOfFindings(name: string): Input[] {
  return readFindings().flatMap(({ target, input }) => (target === name ? [input] : []));
}

function report({ target, fault, input }: Found): void {
  const file = relative(process.cwd(), writeFinding({ target: target.name, fault, input }));
  console.log(`\nFOUND by '${target.name}', in ${input.length} messages: ${fault}`);
  console.log(`Again: npm run fuzz -- --replay ${file}\n`);
}

function lineOf(fuzzer: Fuzzer, seconds: number): string {
  const parts = fuzzer.progress.map(
    ({ target, corpus, executions }) =>
      `${target.name} ${executions} runs, ${corpus.size} kept, ${corpus.features} features, ${Math.round(corpus.largestShare * 100)} % of bound`,
  );
  return `${Math.round(seconds)} s: ${parts.join(' | ')}`;
}

async function search(given: FuzzArguments, targets: readonly Target[]): Promise<number> {
  let found = 0;
  const fuzzer = new Fuzzer({
    targets,
    seed: given.seed,
    keptOf: ({ name }) => [...inputsOfFindings(name), ...readCorpus(name)],
    onFound: (finding) => {
      found += 1;
      report(finding);
    },
  });
  try {
    if (given.replay !== undefined) return await replay(fuzzer, given.replay);
    const begun = performance.now();
    let shownAt = begun;
    await fuzzer.begin();
    let executions = 0;
    await fuzzer.search(() => {
      const now = performance.now();
      if (now - shownAt >= PROGRESS_MS) {
        shownAt = now;
        console.log(lineOf(fuzzer, (now - begun) / 1000));
      }
      executions += 1;
      return executions > given.executions || now - begun >= given.seconds * 1000;
    });
    console.log(lineOf(fuzzer, (performance.now() - begun) / 1000));
    if (given.keep)
      for (const { target, corpus } of fuzzer.progress)
        writeCorpus(target.name, (most) => corpus.minimised(most));
    console.log(`Seed ${given.seed}: ${found === 0 ? 'nothing found' : `${found} found`}.`);
    return found;
  } finally {
    fuzzer.close();
  }
}

async function main(): Promise<void> {
  const given = parseArguments(process.argv.slice(2));
  if (given.help) {
    console.log(HELP);
    for (const { name, about } of TARGETS) console.log(`  ${name.padEnd(8)} ${about}`);
    return;
  }
  const failures = await search(given, targetsOf(given.targets));
  if (failures > 0) process.exitCode = 1;
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
});
