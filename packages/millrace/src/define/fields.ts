import type { Envelope, EnvelopeField } from './envelope.ts';
import type { EventDefinition } from './event.ts';
import type { ObjectType, Optional, Properties, PropertyType } from './property.ts';
import type { TypeOf } from './property-types.ts';

/** The events of a pipeline by type. */
export interface Events {
  readonly [type: string]: EventDefinition;
}

/** The types every pipeline has besides its own. They declare no properties. */
export type BuiltInType = 'page' | 'screen' | 'identify' | 'group' | 'alias';

/** The names of properties, those inside objects by their path: `address.city`. */
export type PathOf<Shape extends Properties> = {
  [Name in keyof Shape & string]: TypeOf<Shape[Name]> extends ObjectType<infer Inner>
    ? Name | `${Name}.${PathOf<Inner>}`
    : Name;
}[keyof Shape & string];

/** What can be asked of the events `From`. */
export type FieldOf<Declared extends Events, From extends string> =
  | EnvelopeField
  | (From extends keyof Declared ? PathOf<Declared[From]['properties']> : never);

/** The type of a field; `never` if none of the events has it. */
export type FieldTypeOf<
  Declared extends Events,
  From extends string,
  Name extends string,
> = Name extends EnvelopeField
  ? Envelope[Name]['type']
  : From extends keyof Declared
    ? TypeAt<Declared[From]['properties'], Name>
    : never;

/** False if any of the events may lack it. */
export type IsRequired<
  Declared extends Events,
  From extends string,
  Name extends string,
> = Name extends EnvelopeField
  ? Envelope[Name]['required']
  : [From extends keyof Declared ? RequiredAt<Declared[From]['properties'], Name> : false] extends [
        true,
      ]
    ? true
    : false;

type TypeAt<Shape extends Properties, Path extends string> = Path extends keyof Shape
  ? TypeOf<Shape[Path]>
  : Path extends `${infer Name}.${infer Rest}`
    ? Name extends keyof Shape
      ? TypeOf<Shape[Name]> extends ObjectType<infer Inner>
        ? TypeAt<Inner, Rest>
        : never
      : never
    : never;

type RequiredAt<Shape extends Properties, Path extends string> = Path extends keyof Shape
  ? Shape[Path] extends Optional<PropertyType>
    ? false
    : true
  : Path extends `${infer Name}.${infer Rest}`
    ? Name extends keyof Shape
      ? Shape[Name] extends ObjectType<infer Inner>
        ? RequiredAt<Inner, Rest>
        : false
      : false
    : false;
