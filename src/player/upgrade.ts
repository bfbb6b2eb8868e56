import {
  contentAttributes,
  cssSizeOf,
  frameAddress,
  sizeAttributes,
  viewAttributes,
} from './frame-address.ts'
import { tagName, takenAttribute } from './tag-names.ts'

type Tag = { readonly id: string; readonly frame: HTMLIFrameElement; readonly style: HTMLStyleElement }

/**
 * Turns every `<paratii-player>` of the document, now and later, into a frame with our player in a closed shadow
 * root. The tag's children stay where they are, unseen. No custom element is registered: this world has no registry.
 * Returns how a tag is named to the background.
 */
export function upgradeTags(): (element: Element) => string | undefined {
  const tags = new Map<Element, Tag>()
  const roots = new WeakMap<Element, ShadowRoot>()
  const playerPage = chrome.runtime.getURL('tabs/player.html')

  const attributes = new MutationObserver(changes => {
    for (const { target } of changes) if (target instanceof Element) followAttributes(target)
  })
  new MutationObserver(changes => {
    for (const { addedNodes, removedNodes } of changes) {
      removedNodes.forEach(node => {
        visitTags(node, removeTag)
      })
      addedNodes.forEach(node => {
        visitTags(node, addTag)
      })
    }
  }).observe(document, { childList: true, subtree: true })
  visitTags(document, addTag)

  chrome.runtime.onMessage.addListener((message: unknown, sender) => {
    if (sender.id === chrome.runtime.id && isTagEvent(message)) dispatchTagEvent(message)
  })
  return element => tags.get(element)?.id

  function addTag(element: Element): void {
    if (tags.has(element) || !element.isConnected) return
    const root = roots.get(element) ?? attachRoot(element)
    if (root === undefined) return
    roots.set(element, root)
    const frame = document.createElement('iframe')
    frame.allow = 'autoplay; fullscreen; picture-in-picture'
    frame.title = 'Paratii'
    const style = document.createElement('style')
    tags.set(element, { id: randomTicket(), frame, style })
    followAttributes(element)
    root.replaceChildren(style, frame)
    attributes.observe(element, {
      attributeFilter: [...contentAttributes, ...viewAttributes, ...sizeAttributes],
    })
    element.setAttribute(takenAttribute, '')
  }

  function removeTag(element: Element): void {
    // A tag that was only moved is connected again by now, and its frame with it.
    if (element.isConnected || !tags.has(element)) return
    tags.get(element)?.frame.remove()
    tags.delete(element)
    element.removeAttribute(takenAttribute)
  }

  function followAttributes(element: Element): void {
    const tag = tags.get(element)
    if (tag === undefined) return
    const address = frameAddress(playerPage, tag.id, name => element.getAttribute(name))
    if (tag.frame.src !== address) tag.frame.src = address
    const [width = '', height = ''] = sizeAttributes.map(name => cssSizeOf(element.getAttribute(name)))
    tag.style.textContent = hostStyle(width, height)
  }

  function dispatchTagEvent({ element: id, name, detail }: TagEvent): void {
    for (const [element, tag] of tags)
      if (tag.id === id)
        element.dispatchEvent(new CustomEvent(name, { bubbles: true, composed: true, detail }))
  }
}

/** The line under the video: without a height of its own the tag is 16 : 9 and that line (player.css). */
const meterHeight = '25px'

const hostStyle = (width: string, height: string): string => {
  const wide = width === '' ? '' : `width:${width};`
  const [box, frame] =
    height === ''
      ? [
          `box-sizing:content-box;padding-bottom:${meterHeight};aspect-ratio:16/9`,
          `calc(100% + ${meterHeight})`,
        ]
      : [`height:${height}`, '100%']
  return `:host{display:block;max-width:100%;${wide}${box}}:host([hidden]){display:none}
iframe{display:block;width:100%;height:${frame};border:0;border-radius:inherit}`
}

function attachRoot(element: Element): ShadowRoot | undefined {
  try {
    return element.attachShadow({ mode: 'closed' })
  } catch {
    // The page has made something of its own of this element: it is left alone.
    return undefined
  }
}

function visitTags(node: Node, visit: (tag: Element) => void): void {
  if (node instanceof Element && node.localName === tagName) visit(node)
  if (node instanceof Element || node instanceof Document) node.querySelectorAll(tagName).forEach(visit)
}

const randomTicket = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, '0')).join('')

type TagEvent = { readonly element: string; readonly name: string; readonly detail: object }

/** The background checks what it sends (bridge/contract.ts); this says which of its messages are for tags. */
const isTagEvent = (message: unknown): message is TagEvent =>
  typeof message === 'object' && message !== null && 'type' in message && message.type === 'tag-event'
