import { describeValue } from '../term';
import { isRecord, type Evaluate, type Matcher } from './evaluation';
import { compileGuards, ExpressionCompiler } from './expression-compiler';
import { compileHead, matcherOf, type CompiledHead } from './head-compiler';
import { refuseSymbolNames } from './literal';
import { invalidQuery } from './query-error';
import { sieveFor, type Sieve } from './sieve';
import { $_ } from './language';
import { Variables } from './variables';

/** A compiled clause. */
export interface CompiledClause extends Pick<CompiledHead, 'literalKey' | 'literalPid'> {
  /** Leaves out rows that cannot match; undefined if there is no quick way. */
  readonly sieve: Sieve | undefined;
  /** Whether each row that the sieve lets through matches, with the result `true`. */
  readonly sieveDecides: boolean;
  /** Whether head and guards match. */
  readonly matches: Matcher;
  /** The result, after `matches` answered `true` for the same row. */
  readonly body: Evaluate;
}

const PARTS = ['head', 'guards', 'body'];

/**
 * Compiles a clause.
 *
 * @param where `clause 2`
 * @throws InvalidArgumentError with the place in front.
 */
export function compileClause(clause: unknown, where: string): CompiledClause {
  if (!isRecord(clause) || !Object.hasOwn(clause, 'head')) {
    const got = isRecord(clause) ? 'an object without head' : describeValue(clause);
    throw invalidQuery(where, ` must be an object { head, guards?, body? } (got ${got})`);
  }
  refuseSymbolNames(clause, where);
  for (const part of Object.keys(clause)) {
    if (PARTS.includes(part)) continue;
    throw invalidQuery(where, `: unknown part '${part}'; a clause may have ${PARTS.join(', ')}`);
  }
  const variables = new Variables();
  const head = compileHead(clause['head'], variables, `${where}, head`);
  const guards = compileGuards(clause['guards'], variables, `${where}, `);
  return {
    literalKey: head.literalKey,
    literalPid: head.literalPid,
    sieve: sieveFor(head.literalProperties),
    sieveDecides: isLiteralOnly(clause, head) && guards.length === 0 && clause['body'] === true,
    matches: matcherOf(head, guards),
    body: compileBody(clause, variables, `${where}, body`),
  };
}

/** Whether a head asks for nothing but the properties that the sieve compares. */
function isLiteralOnly(
  { head }: { readonly [part: string]: unknown },
  { literalProperties }: CompiledHead,
): boolean {
  if (!isRecord(head) || !isRecord(head['value']) || Object.keys(head).length > 1) return false;
  const asked = Object.keys(head['value']).length;
  return asked > 0 && asked === literalProperties.length;
}

function compileBody(
  clause: { readonly [part: string]: unknown },
  variables: Variables,
  where: string,
): Evaluate {
  const body = Object.hasOwn(clause, 'body') ? clause['body'] : $_;
  if (body === undefined) {
    throw invalidQuery(
      where,
      " must not be undefined: leave it out for the whole row, or write ['const', undefined]",
    );
  }
  return new ExpressionCompiler(variables, where, false).compile(body);
}
