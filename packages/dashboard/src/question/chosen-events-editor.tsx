import type { ComponentChildren } from 'preact';
import type { PipelineDescription } from '../api/pipeline.ts';
import { type ChosenEvents, fieldsOfChosen } from './chosen-events.ts';
import { EventPicker } from './event-picker.tsx';
import { FilterEditor } from './filter-editor.tsx';
import { peopleWords } from './people-words.ts';
import { questionWords } from './words.ts';

interface ChosenEventsEditorProps {
  readonly legend: string;
  readonly pipeline: PipelineDescription;
  readonly chosen: ChosenEvents;
  readonly onChange: (chosen: ChosenEvents) => void;
  readonly children?: ComponentChildren;
}

/** Which events a part of a question is about, with what is to be done with the part. */
export function ChosenEventsEditor(props: ChosenEventsEditorProps) {
  const { legend, pipeline, chosen, onChange, children } = props;
  return (
    <fieldset class="chosen-events">
      <legend>{legend}</legend>
      <EventPicker
        label={questionWords().events}
        types={pipeline.events.map(({ type }) => type)}
        chosen={chosen.from}
        onChange={(from) => onChange({ ...chosen, from })}
      />
      {chosen.from.length === 0 && <p class="quiet">{peopleWords().anyEvent}</p>}
      <FilterEditor
        fields={fieldsOfChosen(pipeline, chosen)}
        filters={chosen.filters}
        onChange={(filters) => onChange({ ...chosen, filters })}
      />
      {children}
    </fieldset>
  );
}
