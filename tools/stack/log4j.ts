import { fileURLToPath } from 'node:url';

/** Configuration of Log4j for every JVM: all goes to the console, which is the process's log file. */
export const log4jFile = fileURLToPath(new URL('log4j2.properties', import.meta.url));
