const appendedAtName = ',"appended_at":';
const lateName = ',"late":';

/** Writes into an event's canonical line that it is appended now (epoch ms), and whether that is late. */
export type AppendStamp = (line: string, appendedAt: number) => string;

/**
 * For collectors whose events may wait before they get into the raw log: what
 * was written into the line when it was checked is decided anew when it goes,
 * as `eventWriter` would for events that come now.
 */
export function appendStamp(allowedLatenessMs: number): AppendStamp {
  return (line, appendedAt) => {
    // Within a string of JSON quotes are escaped, so the first of these is the event's own.
    const appendedAtPlace = line.indexOf(appendedAtName);
    // Numbers around it, as `eventWriter` orders them: one character is found sooner than a name.
    const receivedAtPlace = line.lastIndexOf(',', appendedAtPlace - 1);
    const timestampPlace = line.lastIndexOf(':', receivedAtPlace) + 1;
    const timestamp = Number(line.slice(timestampPlace, receivedAtPlace));
    const lateNamePlace = line.indexOf(',', appendedAtPlace + 1);
    const latePlace = lateNamePlace + lateName.length;
    const rest = line.slice(latePlace + (line.startsWith('true', latePlace) ? 4 : 5));
    const late = timestamp < appendedAt - allowedLatenessMs;
    return `${line.slice(0, appendedAtPlace)}${appendedAtName}${appendedAt}${lateName}${late}${rest}`;
  };
}
