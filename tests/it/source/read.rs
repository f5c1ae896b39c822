//! From the text of a file to its module.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, ImplItem, ImplItemFn, Item, ItemMod, ItemUse, Macro, Meta, UseTree};

use super::module::{Import, Module, Path};

impl Module {
    /// Reads a module; what is there for tests alone is left out.
    pub(super) fn of_text(text: &str) -> syn::Result<Self> {
        let mut module = Self::default();
        module.visit_file(&syn::parse_file(text)?);
        Ok(module)
    }

    fn add_imports(&mut self, tree: &UseTree, mut before: Path) {
        match tree {
            UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.add_imports(&path.tree, before);
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.add_imports(tree, before.clone());
                }
            }
            UseTree::Glob(_) => self.globs.push(before),
            UseTree::Name(name) => {
                let mut name = name.ident.to_string();
                if name == "self" {
                    name = before.last().cloned().unwrap_or_default();
                } else {
                    before.push(name.clone());
                }
                self.imports.push(Import { name, path: before });
            }
            UseTree::Rename(rename) => {
                if rename.ident != "self" {
                    before.push(rename.ident.to_string());
                }
                let name = rename.rename.to_string();
                self.imports.push(Import { name, path: before });
            }
        }
    }

    /// Takes what looks like a path from the tokens of a macro or an attribute: names with `::`
    /// between them, also inside of text, as in `#[serde(with = "a::b")]`.
    fn add_tokens(&mut self, tokens: TokenStream) {
        let mut path = Path::new();
        let mut colons = 0;
        let mut is_field = false;
        for token in tokens {
            match &token {
                TokenTree::Ident(name) => {
                    if colons != 2 {
                        self.add_path(std::mem::take(&mut path));
                    }
                    if !is_field {
                        path.push(name.to_string());
                    }
                    colons = 0;
                }
                TokenTree::Punct(sign) if sign.as_char() == ':' => colons += 1,
                _ => {
                    self.add_path(std::mem::take(&mut path));
                    colons = 0;
                }
            }
            is_field = matches!(&token, TokenTree::Punct(sign) if sign.as_char() == '.');
            match token {
                TokenTree::Group(group) => self.add_tokens(group.stream()),
                TokenTree::Literal(literal) => self.add_quoted(&literal.to_string()),
                TokenTree::Ident(_) | TokenTree::Punct(_) => {}
            }
        }
        self.add_path(path);
    }

    fn add_quoted(&mut self, literal: &str) {
        let text = literal.trim_matches('"');
        if text.contains("::")
            && let Ok(path) = syn::parse_str::<syn::Path>(text)
        {
            self.visit_path(&path);
        }
    }

    fn add_path(&mut self, path: Path) {
        if !path.is_empty() {
            self.paths.insert(path);
        }
    }
}

impl<'t> Visit<'t> for Module {
    fn visit_item(&mut self, item: &'t Item) {
        let (name, attributes) = described(item);
        if attributes.iter().any(is_for_tests) {
            return;
        }
        if !matches!(item, Item::Mod(_) | Item::Use(_) | Item::ExternCrate(_)) {
            self.has_code = true;
        }
        self.items.extend(name);
        visit::visit_item(self, item);
    }

    fn visit_item_mod(&mut self, item: &'t ItemMod) {
        let inner = item.content.as_ref().map(|(_, items)| {
            let mut module = Self::default();
            items.iter().for_each(|item| module.visit_item(item));
            module
        });
        self.children.insert(item.ident.to_string(), inner);
    }

    fn visit_item_use(&mut self, item: &'t ItemUse) {
        let start = item.leading_colon.as_ref().map(|_| String::new());
        self.add_imports(&item.tree, start.into_iter().collect());
    }

    fn visit_item_extern_crate(&mut self, item: &'t syn::ItemExternCrate) {
        let name = item.rename.as_ref().map_or(&item.ident, |(_, name)| name).to_string();
        let path = vec![String::new(), item.ident.to_string()];
        self.imports.push(Import { name, path });
    }

    fn visit_impl_item(&mut self, item: &'t ImplItem) {
        let is_left_out = matches!(item, ImplItem::Fn(ImplItemFn { attrs, .. })
            if attrs.iter().any(is_for_tests));
        if !is_left_out {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_path(&mut self, path: &'t syn::Path) {
        let start = path.leading_colon.as_ref().map(|_| String::new());
        let segments = path.segments.iter().map(|segment| segment.ident.to_string());
        self.add_path(start.into_iter().chain(segments).collect());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'t Macro) {
        self.add_tokens(call.tokens.clone());
        visit::visit_macro(self, call);
    }

    fn visit_attribute(&mut self, attribute: &'t Attribute) {
        if let Meta::List(list) = &attribute.meta {
            self.add_tokens(list.tokens.clone());
        }
    }

    // `pub(super)` and `pub(in crate::a)` name who may look, not what is used.
    fn visit_visibility(&mut self, _: &'t syn::Visibility) {}
}

/// Whether it is `#[cfg(test)]`, `#[cfg(all(test, …))]` or `#[test]`.
fn is_for_tests(attribute: &Attribute) -> bool {
    match &attribute.meta {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) if list.path.is_ident("cfg") => {
            let condition = list.tokens.to_string();
            condition == "test" || condition.starts_with("all (test")
        }
        _ => false,
    }
}

/// The name that an item defines, if it defines one, and its attributes.
fn described(item: &Item) -> (Option<String>, &[Attribute]) {
    let (name, attributes) = match item {
        Item::Const(item) => (Some(&item.ident), &item.attrs),
        Item::Enum(item) => (Some(&item.ident), &item.attrs),
        Item::Fn(item) => (Some(&item.sig.ident), &item.attrs),
        Item::Macro(item) => (item.ident.as_ref(), &item.attrs),
        Item::Static(item) => (Some(&item.ident), &item.attrs),
        Item::Struct(item) => (Some(&item.ident), &item.attrs),
        Item::Trait(item) => (Some(&item.ident), &item.attrs),
        Item::TraitAlias(item) => (Some(&item.ident), &item.attrs),
        Item::Type(item) => (Some(&item.ident), &item.attrs),
        Item::Union(item) => (Some(&item.ident), &item.attrs),
        Item::Impl(item) => (None, &item.attrs),
        Item::Mod(item) => (None, &item.attrs),
        Item::Use(item) => (None, &item.attrs),
        Item::ExternCrate(item) => (None, &item.attrs),
        Item::ForeignMod(item) => (None, &item.attrs),
        _ => return (None, &[]),
    };
    (name.map(ToString::to_string), attributes)
}
