// The simulator's clock, which may differ from the browser's.

let ahead = 0;

export function setTime(iso) {
  ahead = Date.parse(iso) - Date.now();
}

export function secondsUntil(iso) {
  return Math.ceil((Date.parse(iso) - Date.now() - ahead) / 1000);
}
