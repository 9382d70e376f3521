import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useId, useRef, useState } from 'preact/hooks'
import type { Fate } from '../protocol'
import { notice } from './state'
import { visible } from './visible'

/** Other people's text. */
export function Text({ children }: { children: string }): JSX.Element {
  return <>{visible(children)}</>
}

/** A value as JSON, as it stands. */
export function Json({ value, label }: { value: unknown; label: string }): JSX.Element {
  return (
    <pre tabIndex={0} role="region" aria-label={label}>
      <Text>{JSON.stringify(value, null, 2) ?? 'nothing'}</Text>
    </pre>
  )
}

const MARKS: Record<Fate, string> = { delivered: '✔', refused: '✘', 'not taken': '–', 'left out': '–' }

/** What became of an event, as a mark and a word. */
export function FateMark({ fate }: { fate: Fate }): JSX.Element {
  return (
    <span class={`fate ${fate.replace(' ', '-')}`}>
      <span aria-hidden="true">{MARKS[fate]}</span> {fate}
    </span>
  )
}

/** Copies a text, and says so. */
export function Copy({ text, what }: { text: string; what: string }): JSX.Element {
  const copy = () => {
    navigator.clipboard.writeText(text).then(
      () => (notice.value = `${what} copied.`),
      () => (notice.value = `${what} could not be copied; select and copy it by hand.`)
    )
  }
  return (
    <button type="button" onClick={copy}>
      Copy
    </button>
  )
}

/** Offers a text as a file. */
export function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  URL.revokeObjectURL(url)
}

/** A dialog that is open as long as it is drawn. Escape, and nothing else of the page, closes it. */
export function Dialog({
  title,
  onClose,
  children
}: {
  title: string
  onClose: () => void
  children: ComponentChildren
}): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null)
  const heading = useId()
  useEffect(() => dialog.current?.showModal(), [])
  return (
    <dialog ref={dialog} aria-labelledby={heading} onClose={onClose}>
      <h2 id={heading}>{title}</h2>
      {children}
    </dialog>
  )
}

/** One of the choices of a {@link Combobox}. */
export interface Option {
  value: string
  /** Stands beside it, such as what the event has there. */
  hint?: string
  isDisabled?: boolean
}

const MOST_OPTIONS = 100

/** A text field with choices that narrow as one types; any other text is as good. Source: ARIA APG, Combobox (list autocomplete). */
export function Combobox({
  label,
  value,
  options,
  onChange
}: {
  label: string
  value: string
  options: Option[]
  onChange: (value: string) => void
}): JSX.Element {
  const id = useId()
  const [isOpen, setOpen] = useState(false)
  const [isNarrowed, setNarrowed] = useState(false)
  const [active, setActive] = useState(-1)
  const wanted = value.toLowerCase()
  const matching = isNarrowed ? options.filter((option) => option.value.toLowerCase().includes(wanted)) : options
  // A mapping has many such fields, of which one is open at most.
  const shown = isOpen ? matching.slice(0, MOST_OPTIONS) : []
  const choose = (index: number) => {
    const option = shown[index] as Option | undefined
    if (!option || option.isDisabled) return
    onChange(option.value)
    close()
  }
  const close = () => {
    setOpen(false)
    setNarrowed(false)
    setActive(-1)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault()
      const step = event.key === 'ArrowDown' ? 1 : -1
      if (!isOpen) setOpen(true)
      setActive((before) => Math.max(0, Math.min(shown.length - 1, isOpen ? before + step : 0)))
    } else if (event.key === 'Enter' && isOpen && active >= 0) {
      event.preventDefault()
      choose(active)
    } else if (event.key === 'Escape' && isOpen) {
      event.preventDefault()
      event.stopPropagation()
      close()
    }
  }
  return (
    <div class="combobox">
      <input
        type="text"
        role="combobox"
        aria-label={label}
        aria-expanded={shown.length > 0}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={isOpen && active >= 0 ? `${id}-${active}` : undefined}
        autocomplete="off"
        spellcheck={false}
        value={value}
        onInput={(event) => {
          setOpen(true)
          setNarrowed(true)
          setActive(-1)
          onChange(event.currentTarget.value)
        }}
        onClick={() => setOpen(true)}
        onKeyDown={onKeyDown}
        onBlur={close}
      />
      <ul id={`${id}-list`} role="listbox" aria-label={label} hidden={shown.length === 0}>
        {shown.map((option, index) => (
          <li
            key={option.value}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === active}
            aria-disabled={option.isDisabled}
            // Before the field loses the focus, which closes the list.
            onMouseDown={(event) => {
              event.preventDefault()
              choose(index)
            }}
          >
            <code>
              <Text>{option.value}</Text>
            </code>
            {option.hint !== undefined && (
              <small>
                <Text>{option.hint}</Text>
              </small>
            )}
          </li>
        ))}
      </ul>
    </div>
  )
}

/** A short form of a value, for a line. */
export function short(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : (JSON.stringify(value) ?? 'nothing')
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

/** How many of something, with its noun. */
export function counted(number: number, noun: string, plural = `${noun}s`): string {
  return `${number.toLocaleString('en')} ${number === 1 ? noun : plural}`
}
