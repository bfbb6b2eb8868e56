/** An element of a manifest as shaka parses it; a text is a string among the children. */
type Element = {
  readonly tagName: string
  readonly attributes: Readonly<Record<string, string>>
  children: (Element | string)[]
}

/**
 * Leaves of a DASH manifest only the first video and the first audio rendition, by their names: the ones whose segments
 * are sent to who is paid by the chunk (media/chunk-leaves.ts). Changes what it is given.
 */
export function keepFirstRenditions(mpd: Element): void {
  const names = namesIn(mpd)
  const first = new Set(['v', 'a'].flatMap(kind => names.filter(name => name.startsWith(kind)).slice(0, 1)))
  const prune = (element: Element): void => {
    element.children = element.children.filter(
      child => typeof child === 'string' || !isOther(child, first) || child.tagName === 'Period',
    )
    for (const child of element.children) if (typeof child !== 'string') prune(child)
  }
  prune(mpd)
}

/** A rendition that is not sent, or a set of none but such. */
const isOther = (element: Element, first: ReadonlySet<string>): boolean => {
  if (element.tagName === 'Representation') return !first.has(element.attributes.id ?? '')
  if (element.tagName === 'AdaptationSet') return namesIn(element).every(name => !first.has(name))
  return false
}

const namesIn = (element: Element): string[] =>
  element.children
    .flatMap(child => {
      if (typeof child === 'string') return []
      return child.tagName === 'Representation' ? [child.attributes.id ?? ''] : namesIn(child)
    })
    .sort()
