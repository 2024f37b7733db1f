// Keeps the end of a thread in view while its reader is there; otherwise marks what is new below.

// A reader so close to the end still reads the newest text.
const nearEnd = 24;

export class EndFollower {
  constructor(scroller, content, mark) {
    this.scroller = scroller;
    this.mark = mark;
    this.following = true;
    this.top = 0;
    scroller.addEventListener("scroll", () => this.onScroll());
    mark.addEventListener("click", () => {
      this.toEnd();
      scroller.focus();
    });
    // Pictures load, lines wrap and the field below grows at any time.
    const observer = new ResizeObserver(() => this.following && this.toEnd());
    observer.observe(scroller);
    observer.observe(content);
  }

  get isAtEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    return scrollHeight - scrollTop - clientHeight <= nearEnd;
  }

  // Only moving up leaves the end: content that has grown since the last event does not.
  onScroll() {
    if (this.scroller.clientHeight === 0) return;
    const { scrollTop } = this.scroller;
    if (this.isAtEnd) this.following = true;
    else if (scrollTop < this.top) this.following = false;
    this.top = scrollTop;
    if (this.following) this.mark.hidden = true;
  }

  toEnd() {
    this.following = true;
    this.mark.hidden = true;
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.top = this.scroller.scrollTop;
  }

  // The element was put back into the page, which resets its position.
  restore() {
    if (this.following) this.toEnd();
    else this.scroller.scrollTop = this.top;
  }

  // Something was added or changed; `label` says what is new, if anything.
  onChange(label) {
    if (this.following) {
      this.toEnd();
    } else if (label) {
      this.mark.textContent = `${label} ↓`;
      this.mark.hidden = false;
    }
  }
}
