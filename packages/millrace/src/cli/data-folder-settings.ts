/** Settings of a command that works on a data folder: `DataFolderSettings`. */
export const dataFolderSettings = [
  'pipeline',
  'data',
  'readKeys',
  'archive',
  'archiveSeconds',
  's3Endpoint',
  'dedupMemoryMb',
  'storeMemoryMb',
  'logRetentionHours',
  'deadLetterRetentionDays',
  'logSegmentMb',
] as const;
