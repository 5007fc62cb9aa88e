import type { Belief, Difference, Explanation, SeenChange } from './explain';
import type { NodeKeyFact, ObservedNode, ObservedScope } from './facts';
import {
  anyJson,
  changeParts,
  entry,
  keyParts,
  list,
  named,
  number,
  object,
  oneOf,
  optional,
  scopeFact,
  SHAPES,
  text,
  yesNo,
} from './shapes';

const node = object<ObservedNode>({
  node: text,
  incarnation: text,
  answer: oneOf('ok', 'nobody', 'silent', 'busy', 'malformed'),
  roundTripMs: optional(number),
  clockSkewMs: optional(number),
  suspectedBy: list(text),
  unknownTo: list(text),
  fact: optional(SHAPES.node),
});
const scope = object<ObservedScope>({
  scope: text,
  keys: oneOf('duplicate', 'unique', 'mixed'),
  nodes: list(text),
  entries: number,
  lag: number,
  unsynced: number,
  by: named(scopeFact),
});
const belief = object<Belief>({
  node: text,
  incarnation: text,
  answer: oneOf('ok', 'nobody', 'silent', 'busy', 'malformed', 'refused'),
  runs: yesNo,
  entries: list(entry),
  last: number,
  applied: named(number),
});
const difference = object<Difference>({
  node: text,
  owner: text,
  id: text,
  kind: oneOf('missing', 'extra', 'old'),
  reason: oneOf(
    'cut',
    'suspect',
    'syncing',
    'overfull',
    'gap',
    'behind',
    'owner-silent',
    'owner-gone',
    'unknown',
  ),
  text,
});

/** The shape of what the page's module answers that is not what one node answers. */
export const OBSERVED_SHAPES = {
  node,
  nodes: list(node),
  scopes: list(scope),
  key: object<NodeKeyFact>({ ...keyParts, node: text }),
  explain: object<Explanation>({
    scope: text,
    key: anyJson,
    nodes: list(belief),
    owners: list(text),
    differences: list(difference),
    findings: list(text),
    changes: list(object<SeenChange>({ ...changeParts, seenBy: text })),
  }),
};
