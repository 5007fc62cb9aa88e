/**
 * The clients of many documents, in a process of their own, so that those whose edits are timed do not wait for them. Started by `fork` with what
 * {@link Crowd} says as its argument.
 */
import { type Editor, Editors } from './editor';

/** What the process opens. */
export interface Crowd {
  readonly urls: readonly string[];
  readonly documents: number;
}

/** What it tells when all documents are open, and when it was sent anything, after an edit in each. */
export type CrowdNews =
  | { readonly type: 'open'; readonly ms: number }
  | { readonly type: 'edited'; readonly times: readonly number[] };

const TEXT = 'Some text of a document. '.repeat(40);
/** So many are opened at a time: more would measure how long they wait for each other. */
const AT_A_TIME = 8;

/** The milliseconds of one edit from a client to another one. */
export async function timeOfEdit(from: Editor, to: Editor): Promise<number> {
  const arrived = new Promise<void>((resolve) => to.doc.once('update', () => resolve()));
  const startedAt = performance.now();
  from.append('x');
  await arrived;
  return performance.now() - startedAt;
}

async function runCrowd({ urls, documents }: Crowd): Promise<void> {
  const editors = new Editors();
  const pairs: [Editor, Editor][] = [];
  const tell = (news: CrowdNews): void => void process.send!(news);
  const startedAt = performance.now();
  let next = 0;
  const openOthers = async (): Promise<void> => {
    while (next < documents) {
      const i = next;
      next += 1;
      const two = [0, 1].map((n) =>
        editors.open(urls[(i + n) % urls.length], `document ${i}`, `editor ${n}`),
      );
      // oxlint-disable-next-line no-await-in-loop -- one document after the other
      const [ann, bob] = await Promise.all(two);
      ann.append(TEXT);
      pairs.push([ann, bob]);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, openOthers));
  tell({ type: 'open', ms: performance.now() - startedAt });
  process.once('message', () => void editEach(pairs).then((times) => tell({ type: 'edited', times })));
  process.once('disconnect', () => process.exit());
}

async function editEach(pairs: readonly [Editor, Editor][]): Promise<number[]> {
  const times: number[] = [];
  // oxlint-disable-next-line no-await-in-loop -- one edit after the other
  for (const [ann, bob] of pairs) times.push(await timeOfEdit(ann, bob));
  return times;
}

if (require.main === module) void runCrowd(JSON.parse(process.argv[2]) as Crowd);
