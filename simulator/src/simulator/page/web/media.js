// What is attached to texts: shown from the simulator itself, and read from a file to be sent.

// An address from elsewhere is only named: this page loads nothing from there.
export function shown(media) {
  const link = document.createElement("a");
  link.href = media.url;
  link.target = "_blank";
  link.rel = "noreferrer";
  link.textContent = media.file_name;
  const isOwn = new URL(media.url, location.href).origin === location.origin;
  if (!isOwn || !media.mime_type.startsWith("image/")) return link;
  const picture = document.createElement("img");
  picture.src = media.url;
  picture.alt = media.file_name;
  link.replaceChildren(picture);
  return link;
}

export function read(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onerror = () => reject(new Error("The file cannot be read."));
    // A data URL has the content in base64 behind its comma.
    reader.onload = () => resolve(asAttachment(file, reader.result.slice(reader.result.indexOf(",") + 1)));
    reader.readAsDataURL(file);
  });
}

function asAttachment(file, content) {
  const attachment = { content, file_name: file.name };
  return file.type ? { ...attachment, mime_type: file.type } : attachment;
}
