import type { View } from './view.ts';
import { live } from './views/live/live.tsx';

/** In the order of the navigation: Live, Explore, Funnels, Retention, Sessions, Events, Health. */
export const views: readonly View[] = [live];
