/** A name with slashes in it, as a path that stays where it is put: no segment can lead upwards or end the path. */
export function pathOf(name: string): string {
  return name
    .split('/')
    .map((segment) => encodeURIComponent(/^\.+$/.test(segment) ? '_' : segment))
    .join('/');
}
