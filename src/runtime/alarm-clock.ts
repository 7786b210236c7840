/** An object's one alarm. */
export type AlarmClock = {
  set(atMs: number): void;
  /** To be told of every firing, before anything else is done in it. */
  fired(info: Pick<AlarmInvocationInfo, 'scheduledTime'> | undefined): void;
};

/**
 * Sets alarms so that none is lost. The runtime loses an alarm that is set, while it runs, to the very millisecond
 * for which it runs; and since it may run a little early, that can be a millisecond still to come.
 */
export function makeAlarmClock(storage: Pick<DurableObjectStorage, 'setAlarm'>): AlarmClock {
  let firedForMs = 0;
  return {
    set(atMs) {
      void storage.setAlarm(Math.max(Math.ceil(atMs), firedForMs + 1));
    },
    fired(info) {
      firedForMs = info?.scheduledTime ?? 0;
    },
  };
}
