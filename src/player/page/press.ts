/** What is known when the button that costs money is pressed. */
export type Press = {
  /** The page is not in a frame: no site can lay anything over it. */
  readonly isTop: boolean
  /** Milliseconds for which price and button have been seen whole and uncovered, as the browser tells. */
  readonly seenForMs: number | undefined
  /** Milliseconds for which the pointer has been in the player; `undefined` for the keyboard. */
  readonly pointerForMs: number | undefined
  readonly width: number
  readonly height: number
}

/** Room to read price and payee in. */
export const minFrameSize = { width: 240, height: 135 } as const
export const seenMs = 500
export const pointerMs = 300

/**
 * Whether a press is a yes. A site may cover our frame, make it transparent or tiny, or slide it under a pointer that
 * is about to click something else. So a yes inside a frame counts only when
 *
 * 1. the browser says that the whole offer has been visible, with nothing over it and no effect on it, for half a
 *    second (IntersectionObserver with `trackVisibility`), in a frame large enough to read it; and
 * 2. the pointer came into the player at least 300 ms before: a frame that slid under it has to be pressed again.
 *
 * `covered` when the first does not hold: then the offer is made on a page of our own instead, where no site reaches.
 */
export function judgePress(press: Press): 'agreed' | 'again' | 'covered' {
  if (press.isTop) return 'agreed'
  if (press.width < minFrameSize.width || press.height < minFrameSize.height) return 'covered'
  if (press.seenForMs === undefined) return 'covered'
  if (press.seenForMs < seenMs) return 'again'
  if (press.pointerForMs !== undefined && press.pointerForMs < pointerMs) return 'again'
  return 'agreed'
}
