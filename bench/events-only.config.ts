import { definePipeline } from 'millrace';
import bench from './bench.config.ts';

/** The shop without its rollup: events alone. */
export default definePipeline({ name: bench.name, events: bench.events });
