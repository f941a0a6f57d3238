import { Choice } from './choice.tsx';
import type { Field } from './fields.ts';
import { type Filter, needsValue, operatorsOf } from './filters.ts';
import { TypedInput } from './typed-input.tsx';
import { questionWords } from './words.ts';

interface FilterEditorProps {
  readonly fields: readonly Field[];
  readonly filters: readonly Filter[];
  readonly onChange: (filters: readonly Filter[]) => void;
}

/** Conditions, all of which must hold. */
export function FilterEditor({ fields, filters, onChange }: FilterEditorProps) {
  const t = questionWords();
  const [first] = fields;
  return (
    <fieldset>
      <legend>{t.filters}</legend>
      {filters.map((filter, place) => (
        <FilterRow
          // A filter is its place: each part of it can change.
          key={String(place)}
          fields={fields}
          filter={filter}
          onChange={(changed) => onChange(filters.with(place, changed))}
          onRemove={() => onChange(filters.toSpliced(place, 1))}
        />
      ))}
      {first && (
        <button
          type="button"
          onClick={() => onChange([...filters, { field: first.name, operator: 'eq', value: '' }])}
        >
          {t.addFilter}
        </button>
      )}
    </fieldset>
  );
}

interface FilterRowProps {
  readonly fields: readonly Field[];
  readonly filter: Filter;
  readonly onChange: (filter: Filter) => void;
  readonly onRemove: () => void;
}

function FilterRow({ fields, filter, onChange, onRemove }: FilterRowProps) {
  const t = questionWords();
  const field = fields.find(({ name }) => name === filter.field);
  const operators = field ? operatorsOf(field) : [filter.operator];
  const values = field?.kind === 'boolean' ? ['true', 'false'] : field?.values;
  const isChosen = values !== undefined && filter.operator !== 'in';
  return (
    <div class="editor-row">
      <Choice
        label={t.filter}
        value={filter.field}
        options={fields.map(({ name }) => [name, name])}
        onChange={(name) => onChange({ field: name, operator: 'eq', value: '' })}
      />
      <Choice
        label={t.operator}
        value={filter.operator}
        options={operators.map((operator) => [operator, t[operator]])}
        onChange={(operator) => onChange({ ...filter, operator })}
      />
      {needsValue(filter) && isChosen && (
        <Choice
          label={t.value}
          value={filter.value}
          options={['', ...values].map((value) => [value, value])}
          onChange={(value) => onChange({ ...filter, value })}
        />
      )}
      {needsValue(filter) && !isChosen && (
        <TypedInput
          label={t.value}
          attributes={{ placeholder: filter.operator === 'in' ? t.listHint : '' }}
          value={filter.value}
          onTyped={(value) => onChange({ ...filter, value })}
        />
      )}
      <button type="button" class="remove" aria-label={t.remove(filter.field)} onClick={onRemove}>
        ×
      </button>
    </div>
  );
}
