import type { PropertyType } from '../define/property.ts';
import { measureType } from './measure-type.ts';
import type { Question } from './question.ts';

export interface QuestionColumn {
  readonly name: string;
  readonly type: PropertyType['kind'];
}

/** The columns of the answer, in their order: the bucket, the dimensions, the measures. */
export const questionColumns = ({ every, by, measures }: Question): readonly QuestionColumn[] => [
  ...(every === null ? [] : [{ name: 'bucket', type: 'timestamp' } as const]),
  ...by.map(({ name, field }) => ({ name, type: field.type.kind })),
  ...measures.map((measure) => ({ name: measure.name, type: measureType(measure).kind })),
];
