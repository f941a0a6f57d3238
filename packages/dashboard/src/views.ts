import type { View } from './view.ts';
import { events } from './views/events/events.tsx';
import { explore } from './views/explore/explore.tsx';
import { funnels } from './views/funnels/funnels.tsx';
import { health } from './views/health/health.tsx';
import { live } from './views/live/live.tsx';
import { retention } from './views/retention/retention.tsx';
import { sessions } from './views/sessions/sessions.tsx';

/** In the order of the navigation: Live, Explore, Funnels, Retention, Sessions, Events, Health. */
export const views: readonly View[] = [live, explore, funnels, retention, sessions, events, health];
