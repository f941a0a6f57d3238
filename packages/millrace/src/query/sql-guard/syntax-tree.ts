/** A node of the tree that `EXPLAIN AST` prints. */
export interface SyntaxNode {
  /** E.g. `Function`, `Identifier`, `SelectQuery`. */
  readonly kind: string;
  /** What the engine prints behind the kind: a name, a literal. */
  readonly text: string;
  readonly alias: string | null;
  readonly children: readonly SyntaxNode[];
}

const line = /^( *)([A-Za-z:]+)(?: (.*?))??(?: \(alias (.*?)\))?(?: \(children (\d+)\))?$/;

export class SyntaxTreeError extends Error {
  override readonly name = 'SyntaxTreeError';
}

interface OpenNode extends SyntaxNode {
  readonly children: OpenNode[];
  readonly depth: number;
  readonly expected: number;
}

/**
 * Reads the text of `EXPLAIN AST`: one node a line, indented by depth, each
 * with the number of its children.
 *
 * @throws SyntaxTreeError if the text is not exactly such a tree: then nothing may be concluded from it.
 */
export function parseSyntaxTree(text: string): SyntaxNode {
  const open: OpenNode[] = [];
  let root: OpenNode | null = null;
  for (const source of text.split('\n')) {
    if (source === '' && root !== null) continue;
    const match = line.exec(source);
    if (match === null) throw new SyntaxTreeError(`Not a line of a syntax tree: ${source}`);
    const [, indent = '', kind = '', label = '', alias, children = '0'] = match;
    const node: OpenNode = {
      kind,
      text: label,
      alias: alias ?? null,
      children: [],
      depth: indent.length,
      expected: Number(children),
    };
    while ((open.at(-1)?.depth ?? -1) >= node.depth) assertComplete(open.pop());
    const parent = open.at(-1);
    if (parent === undefined) {
      if (root !== null || node.depth !== 0)
        throw new SyntaxTreeError('A syntax tree has one root');
      root = node;
    } else {
      if (node.depth !== parent.depth + 1)
        throw new SyntaxTreeError('A syntax tree is indented by one');
      parent.children.push(node);
    }
    open.push(node);
  }
  while (open.length > 0) assertComplete(open.pop());
  if (root === null) throw new SyntaxTreeError('The syntax tree is empty');
  return root;
}

function assertComplete(node: OpenNode | undefined): void {
  if (node !== undefined && node.children.length !== node.expected) {
    throw new SyntaxTreeError(
      `${node.kind} has ${node.children.length} children, not ${node.expected}`,
    );
  }
}
