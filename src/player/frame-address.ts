/** Attributes of the tag that decide what is played: changing one loads the player anew. */
export const contentAttributes = ['video', 'format', 'price-max', 'affiliate', 'mode'] as const
/** Attributes that only change how it is played. */
export const viewAttributes = ['poster', 'autoplay', 'muted', 'loop', 'controls'] as const
/** Attributes that the frame itself takes. */
export const sizeAttributes = ['width', 'height'] as const

type AttributeName = (typeof contentAttributes)[number] | (typeof viewAttributes)[number]
/** Reads an attribute of the tag, as `Element.getAttribute`. */
export type ReadAttribute = (name: AttributeName) => string | null

const maxAttributeLength = 2048

/**
 * The address of the player page for a tag. What decides the content is in the query, what decides the view in the
 * fragment, so that a change of view alone goes to the running player as a `hashchange`. `element` names the tag.
 */
export function frameAddress(playerPage: string, element: string, attribute: ReadAttribute): string {
  const query = new URLSearchParams({ element })
  for (const name of contentAttributes) copyAttribute(query, name, attribute)
  const view = new URLSearchParams()
  for (const name of viewAttributes) copyAttribute(view, name, attribute)
  const fragment = view.toString()
  return `${playerPage}?${query}${fragment === '' ? '' : `#${fragment}`}`
}

/** A width or height attribute as CSS: a whole number of pixels, or a percentage; else none. */
export function cssSizeOf(text: string | null): string {
  const match = /^\s*(\d{1,5})(%|px)?\s*$/.exec(text ?? '')
  return match === null ? '' : `${match[1]}${match[2] === '%' ? '%' : 'px'}`
}

function copyAttribute(target: URLSearchParams, name: AttributeName, attribute: ReadAttribute): void {
  const value = attribute(name)
  if (value !== null && value.length <= maxAttributeLength) target.set(name, value)
}
