import type { BuiltInType } from '../define/fields.ts';
import type { EventPlan } from './plan.ts';

export const builtInTypes: readonly string[] = [
  'page',
  'screen',
  'identify',
  'group',
  'alias',
] satisfies readonly BuiltInType[];

export const isBuiltIn = (type: string): boolean => builtInTypes.includes(type);

/**
 * The types every pipeline has, for the calls of the Segment API. They declare
 * no properties, so that they can clash with none of the user's. A type of the
 * same name that the user declares stands instead.
 */
export const builtInEvents: readonly EventPlan[] = builtInTypes.map((type) => ({
  type,
  aliases: [],
  renames: {},
  properties: [],
  undeclared: 'keep',
  builtIn: true,
}));
