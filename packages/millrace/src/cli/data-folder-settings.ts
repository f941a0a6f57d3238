/** Settings of whoever opens a data folder in its own process. */
export const ownFolderSettings = [
  'pipeline',
  'data',
  'archive',
  's3Endpoint',
  'dedupMemoryMb',
  'storeMemoryMb',
  'logRetentionHours',
  'deadLetterRetentionDays',
  'logSegmentMb',
] as const;

/** Of a command that works on a data folder, in the process that has it open or in its own: `DataFolderSettings`. */
export const dataFolderSettings = [...ownFolderSettings, 'readKeys', 'archiveSeconds'] as const;
