import { useLayoutEffect, useMemo } from 'preact/hooks';
import { address, setParams } from '../address.ts';
import type { PipelineDescription } from '../api/pipeline.ts';

/** How what is chosen in a view is written in an address. */
export interface AddressForm<State> {
  /** What the address does not say, or the pipeline does not have, is as at first. */
  readonly read: (params: URLSearchParams, pipeline: PipelineDescription) => State;
  /** Without what the chosen events do not have. */
  readonly fitting: (state: State, pipeline: PipelineDescription) => State;
  readonly write: (state: State) => URLSearchParams;
}

export interface AddressState<State> {
  readonly state: State;
  /** The whole of it, as text: it changes when the state does. */
  readonly written: string;
  readonly change: (changed: Partial<State>) => void;
}

/** What is chosen in a view; the address of the page holds all of it. */
export function useAddressState<State>(
  { read, fitting, write }: AddressForm<State>,
  pipeline: PipelineDescription,
): AddressState<State> {
  const search = address.value.params.toString();
  const state = useMemo(() => read(new URLSearchParams(search), pipeline), [search, pipeline]);
  const written = write(state).toString();
  // Before anybody can choose: after it, this would undo the choice.
  useLayoutEffect(() => {
    // Whoever is sent this address is to see the same: nothing is left to what their browser would choose.
    if (written !== search) setParams(new URLSearchParams(written), 'replace');
  }, [written, search]);
  return {
    state,
    written,
    change: (changed) => setParams(write(fitting({ ...state, ...changed }, pipeline))),
  };
}
