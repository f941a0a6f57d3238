import { Choice } from './choice.tsx';
import { type Field, isNumeric } from './fields.ts';
import {
  count,
  defaultLevels,
  type Measure,
  type MeasureKind,
  measurable,
  measureKinds,
  readLevels,
} from './measures.ts';
import { TypedInput } from './typed-input.tsx';
import { questionWords } from './words.ts';

interface MeasureEditorProps {
  readonly fields: readonly Field[];
  readonly measures: readonly Measure[];
  readonly onChange: (measures: readonly Measure[]) => void;
}

/** Which numbers are wanted; at least one. */
export function MeasureEditor({ fields, measures, onChange }: MeasureEditorProps) {
  const t = questionWords();
  return (
    <fieldset>
      <legend>{t.measures}</legend>
      {measures.map((measure, place) => (
        <div class="editor-row" key={String(place)}>
          <MeasureChoice
            fields={fields}
            measure={measure}
            onChange={(changed) => onChange(measures.with(place, changed))}
          />
          {measures.length > 1 && (
            <button
              type="button"
              class="remove"
              aria-label={t.remove(`${t[measure.kind]} ${measure.field}`)}
              onClick={() => onChange(measures.toSpliced(place, 1))}
            >
              ×
            </button>
          )}
        </div>
      ))}
      <button type="button" onClick={() => onChange([...measures, count])}>
        {t.addMeasure}
      </button>
    </fieldset>
  );
}

interface MeasureChoiceProps {
  readonly fields: readonly Field[];
  readonly measure: Measure;
  readonly onChange: (measure: Measure) => void;
}

function MeasureChoice({ fields, measure, onChange }: MeasureChoiceProps) {
  const t = questionWords();
  const possible = measureKinds.filter(
    (kind) => kind === 'count' || measurable(kind, fields).length > 0,
  );
  const choose = (kind: MeasureKind): void => {
    const among = measurable(kind, fields);
    const same =
      among.find(({ name }) => name === measure.field) ?? among.find(isNumeric) ?? among[0];
    const levels = kind === 'quantiles' ? defaultLevels : [];
    onChange({ kind, field: same?.name ?? '', levels });
  };
  return (
    <>
      <Choice
        label={t.measure}
        value={measure.kind}
        options={possible.map((kind) => [kind, t[kind]])}
        onChange={choose}
      />
      {measure.kind !== 'count' && (
        <Choice
          label={t.of}
          value={measure.field}
          options={measurable(measure.kind, fields).map(({ name }) => [name, name])}
          onChange={(field) => onChange({ ...measure, field })}
        />
      )}
      {measure.kind === 'quantiles' && (
        <TypedInput
          label={t.levels}
          attributes={{ class: 'short' }}
          value={measure.levels.join(', ')}
          onTyped={(text) => onChange({ ...measure, levels: readLevels(text) })}
        />
      )}
    </>
  );
}
