import {
  allowedTableFunctions,
  isAllowedFunction,
  membershipFunctions,
  typeArguments,
} from './functions.ts';
import type { EngineErrorName } from './refusal.ts';
import type { SyntaxNode } from './syntax-tree.ts';

/** Every kind of node that a question may consist of. `Set` (SETTINGS) is not one. */
const allowedKinds: ReadonlySet<string> = new Set([
  'ArrayJoin',
  'Asterisk',
  'ColumnsApplyTransformer',
  'ColumnsExceptTransformer',
  'ColumnsListMatcher',
  'ColumnsRegexpMatcher',
  'ColumnsReplaceTransformer',
  'ColumnsReplaceTransformer::Replacement',
  'ColumnsTransformerList',
  'ExpressionList',
  'Function',
  'Identifier',
  'InterpolateElement',
  'Literal',
  'OrderByElement',
  'QualifiedAsterisk',
  'QualifiedColumnsListMatcher',
  'QualifiedColumnsRegexpMatcher',
  'SampleRatio',
  'SelectIntersectExceptQuery',
  'SelectQuery',
  'SelectWithUnionQuery',
  'Subquery',
  'TableExpression',
  'TableIdentifier',
  'TableJoin',
  'TablesInSelectQuery',
  'TablesInSelectQueryElement',
  'WindowDefinition',
  'WindowListElement',
  'WithElement',
]);

/** The names a tree uses, found while it was checked. */
export interface TreeNames {
  /** What FROM, JOIN and IN name, and where it must be looked for. */
  readonly tables: ReadonlySet<string>;
  /** Right sides of IN that are an alias of an expression somewhere in the statement. */
  readonly inAliases: ReadonlySet<string>;
  readonly applies: number;
}

/** Never returns. `name` is what to point at in the statement. */
export type Refuse = (error: EngineErrorName, reason: string, name?: string) => never;

/** Checks nodes, functions and types against the allow-lists, and collects the names of tables. */
export function checkTree(root: SyntaxNode, refuse: Refuse): TreeNames {
  const nodes = [...walk(root)];
  if (root.kind !== 'SelectWithUnionQuery') refuse('READONLY', `${root.kind} is not allowed`);
  const columnAliases = new Set<string>();
  const aliases = new Set<string>();
  for (const { node } of nodes) {
    if (node.alias === null) continue;
    if (node.kind === 'Identifier') columnAliases.add(node.alias);
    else if (node.kind !== 'TableIdentifier') aliases.add(node.alias);
  }

  const tables = new Set<string>();
  const inAliases = new Set<string>();
  let applies = 0;
  for (const { node, parent } of nodes) {
    if (!allowedKinds.has(node.kind)) refuse('ACCESS_DENIED', `${node.kind} is not allowed here`);
    if (node.kind === 'ColumnsApplyTransformer') applies += 1;
    if (node.kind === 'SelectWithUnionQuery' && node.children.length !== 1) {
      refuse('ACCESS_DENIED', 'FORMAT and SETTINGS are not allowed in this place');
    }
    if (node.kind === 'TableIdentifier') tables.add(node.text);
    if (node.kind !== 'Function') continue;
    if (parent?.kind === 'TableExpression') {
      if (node.text.toUpperCase() === 'VALUES') {
        checkColumns(node, refuse);
        continue;
      }
      if (!allowedTableFunctions.has(node.text)) {
        refuse('ACCESS_DENIED', `The table function ${node.text} is not allowed`, node.text);
      }
      continue;
    }
    if (!isAllowedFunction(node.text)) {
      refuse('ACCESS_DENIED', `The function ${node.text} is not allowed`, node.text);
    }
    checkType(node, refuse);
    if (!membershipFunctions.has(node.text)) continue;
    const right = node.children[0]?.children[1];
    if (right?.kind === 'Function' && right.text === 'format') {
      refuse('ACCESS_DENIED', 'The table function format is not allowed', 'format');
    }
    if (right?.kind !== 'Identifier') continue;
    // The engine takes `WITH hidden AS x SELECT 1 IN x` for the table `hidden`.
    if (columnAliases.has(right.text)) {
      refuse('ACCESS_DENIED', `IN needs a table, a subquery or values, not ${right.text}`);
    }
    (aliases.has(right.text) ? inAliases : tables).add(right.text);
  }
  return { tables, inAliases, applies };
}

/** A state from outside would be read as it is by the function it belongs to: never from text. */
function checkType(node: SyntaxNode, refuse: Refuse): void {
  const index = typeArguments.get(node.text.toLowerCase());
  if (index === undefined) return;
  const type = node.children[0]?.children.at(index);
  if (type?.kind !== 'Literal') {
    refuse('ACCESS_DENIED', `${node.text} needs a type that is written out`, node.text);
  } else if (/AggregateFunction/i.test(type.text)) {
    refuse('ACCESS_DENIED', 'A state cannot be made of text', node.text);
  }
}

/** Columns that are a name and a plain type each: one with a DEFAULT would call any function. */
const plainColumns = /^'(\s*\w+\s+(Nullable\(\w+\)|\w+)\s*(,|(?='$)))+'$/;

function checkColumns({ children, text }: SyntaxNode, refuse: Refuse): void {
  const columns = children[0]?.children[0];
  if (columns?.kind === 'Literal' && plainColumns.test(columns.text)) return;
  refuse('ACCESS_DENIED', `The table function ${text} needs names and plain types`, text);
}

function* walk(
  node: SyntaxNode,
  parent: SyntaxNode | null = null,
): Generator<{ readonly node: SyntaxNode; readonly parent: SyntaxNode | null }> {
  yield { node, parent };
  for (const child of node.children) yield* walk(child, node);
}
