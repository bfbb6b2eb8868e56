import type { ReactElement } from 'react'
import { text } from '#ui/texts.ts'

/** The words of a phrase in their order, numbered as on the paper that they are written on. */
export function PhraseWords({ phrase }: { readonly phrase: string }): ReactElement {
  return (
    <ol className="phrase" aria-label={text('phraseTitle')} data-testid="phrase">
      {phrase.split(' ').map((word, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a word may come twice, and the list never changes
        <li key={index}>
          <span className="quiet small">{index + 1}</span>
          <span data-testid="phrase-word">{word}</span>
        </li>
      ))}
    </ol>
  )
}
