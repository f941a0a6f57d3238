import { markdownTable } from '../markdown.ts';
import type { Schema } from './openapi-document.ts';

/** Shapes that are the same for each pipeline have a place on the page, the others in `/openapi.json`. */
const linked =
  /^(Error|[A-Z]\w*(Receipt|Letter|Letters|Summary)|Receipt|Rejection|Letters?|Imports|Answer|Status|\w*Question)$/;

/** A schema in a few words. */
export function schemaText(schema: Schema): string {
  const { $ref, anyOf, oneOf, items, type, properties } = schema;
  if ($ref !== undefined) {
    const name = $ref.replace(/^.*\//, '');
    return linked.test(name) ? `[${name}](#${name.toLowerCase()})` : `\`${name}\``;
  }
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum !== undefined) {
    const few = schema.enum.slice(0, 8).map((value) => `\`${String(value)}\``);
    return schema.enum.length > few.length ? 'a code of [errors](errors.md)' : few.join(', ');
  }
  const options = anyOf ?? oneOf;
  if (options !== undefined) return options.map(schemaText).join(', or ');
  if (items !== undefined) return `list of ${schemaText(items)}`;
  if (properties !== undefined) return objectText(schema);
  if (type === undefined) return 'anything';
  return `${[type].flat().join(' or ')}${limits(schema)}`;
}

function objectText({ type, properties = {}, required = [] }: Schema): string {
  const members = Object.entries(properties).map(
    ([name, schema]) => `\`${name}\`${required.includes(name) ? '' : '?'}: ${schemaText(schema)}`,
  );
  const orNull = [type].flat().includes('null') ? ' or null' : '';
  return `{ ${members.join('; ')} }${orNull}`;
}

function limits(schema: Schema): string {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf, maxLength } = schema;
  const said = [
    minimum === undefined ? '' : `at least ${minimum}`,
    maximum === undefined ? '' : `at most ${maximum}`,
    exclusiveMinimum === undefined ? '' : `above ${exclusiveMinimum}`,
    exclusiveMaximum === undefined ? '' : `below ${exclusiveMaximum}`,
    multipleOf === undefined ? '' : `in steps of ${multipleOf}`,
    maxLength === undefined ? '' : `at most ${maxLength} characters`,
    schema.format ?? '',
    schema.default === undefined ? '' : `default \`${String(schema.default)}\``,
  ].filter((text) => text !== '');
  return said.length === 0 ? '' : ` (${said.join(', ')})`;
}

/** The members of an object, each with what it means. */
export const schemaTable = ({ properties = {}, required = [] }: Schema): string =>
  markdownTable(
    ['member', 'type', 'meaning'],
    Object.entries(properties).map(([name, schema]) => [
      `\`${name}\`${required.includes(name) ? '' : ' (may be absent)'}`,
      schemaText(schema),
      schema.description ?? '',
    ]),
  );
