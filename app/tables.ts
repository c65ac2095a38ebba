// The tables of the default connection, for the types of every query.
declare module 'trilite' {
  interface Tables {
    reports: {
      /** The id of the job that built it: a second run of the job finds the first one's report. */
      id: string;
      visits: number;
      /** Epoch milliseconds. */
      built_at: number;
    };
  }
}

export {};
