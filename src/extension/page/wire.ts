/**
 * How the provider in the page and the content script beside it talk: events of the document with text in them. Any
 * script of the page can send and hear these, and gains nothing: it can ask the provider itself.
 */
export const askEvent = 'paratii-ask'
export const answerEvent = 'paratii-answer'
export const toldEvent = 'paratii-told'
