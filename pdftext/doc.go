// Package pdftext reads the text of PDF files in a process of its own: the
// lines of each page in reading order, with their places and with the tags that
// the file gives them. What paragraphs they make is for package normalize.
//
// PDF parsers loop, panic and exhaust memory on hostile files. The program
// therefore runs itself again for each file, with the bytes on standard input,
// a deadline and bounds on memory, pages and output; whatever happens there is
// an error here and nothing worse.
package pdftext
