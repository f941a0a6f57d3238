import type { ComponentType } from 'preact';
import type { PipelineDescription } from './api/pipeline.ts';

export interface ViewProps {
  readonly pipeline: PipelineDescription;
}

/** A view: a file of `src/views`, and a line in `src/views.ts`. */
export interface View {
  /** One of `viewPaths` of the server, which serves the page there too. */
  readonly path: string;
  /** Its name in the navigation and its heading; asked for while rendering. */
  readonly title: () => string;
  readonly Content: ComponentType<ViewProps>;
}
