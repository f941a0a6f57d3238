import { readFileSync } from 'node:fs';

/** A member of an interface or an exported function, with what its docstring says. */
export interface Documented {
  readonly name: string;
  readonly optional: boolean;
  readonly type: string;
  readonly text: string;
}

const source = (file: string): string =>
  readFileSync(new URL(`../../packages/millrace/src/define/${file}`, import.meta.url), 'utf8');

const docstring = String.raw`(?:/\*\*(?<doc>(?:(?!\*/)[\s\S])*)\*/\s*)?`;

/** The members of `interface NAME` or `type NAME` in a file of `define/`, which are written one a line. */
export function membersOf(file: string, name: string): readonly Documented[] {
  const from = new RegExp(
    String.raw`export (?:interface|type) ${name}\b[\s\S]*?\{\n(?<body>[\s\S]*?)\n\};?\n`,
  ).exec(source(file));
  const body = from?.groups?.body;
  if (body === undefined) throw new Error(`${file} has no ${name}.`);
  const member = new RegExp(
    String.raw`^  ${docstring}readonly (?<name>\w+)(?<optional>\??): (?<type>[^\n]*?);?$`,
    'gm',
  );
  return [...body.matchAll(member)].map(({ groups = {} }) => ({
    name: groups.name ?? '',
    optional: groups.optional === '?',
    type: groups.type ?? '',
    text: plain(groups.doc ?? ''),
  }));
}

/** What the docstring of an exported constant or type says, its example apart. */
export function textOf(
  file: string,
  name: string,
): { readonly text: string; readonly example: string } {
  const found = new RegExp(
    String.raw`/\*\*(?<doc>(?:(?!\*/)[\s\S])*)\*/\s*export (?:const|type|interface) ${name}\b`,
  ).exec(source(file));
  const doc = found?.groups?.doc;
  if (doc === undefined) throw new Error(`${file} says nothing of ${name}.`);
  const [text = '', example = ''] = doc.split('@example');
  return { text: plain(text), example: unstarred(example).trim() };
}

const unstarred = (doc: string): string => doc.replace(/^ *\* ?/gm, '');

const plain = (doc: string): string => unstarred(doc).replace(/\s+/g, ' ').trim();
